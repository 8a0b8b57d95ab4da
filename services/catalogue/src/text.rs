//! Texts as search and ids need them: words without case, accents and punctuation, the same for both databases.

use uuid::Uuid;

/// Namespace of ids made from names that have no Latin letter; fixed for ever.
const NAMES: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6e61_6d65_7300);

/// Words that one query looks for, at most.
const TERMS_MAX: usize = 16;

/// The words of a text in order, joined by one space.
pub(crate) fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        match c {
            // Names of languages and tools would lose what tells them apart: C++, C#.
            '+' if in_word => words.push_str("plus"),
            '#' if in_word => words.push_str("sharp"),
            c if c.is_alphanumeric() => {
                if !in_word && !words.is_empty() {
                    words.push(' ');
                }
                in_word = true;
                plain(c, &mut words);
            }
            // Combining accents stand behind their letter.
            '\u{300}'..='\u{36f}' => {}
            // "Master's" is one word, as people type it without.
            '\'' | '’' => {}
            _ => in_word = false,
        }
    }
    words
}

/// The words to look for in what somebody typed.
pub(crate) fn terms(text: &str) -> Vec<String> {
    words(text).split(' ').filter(|it| !it.is_empty()).take(TERMS_MAX).map(str::to_owned).collect()
}

/// An id made of a name: its words joined by hyphens, `Universität Wien` → `universitat-wien`.
pub(crate) fn slug(name: &str) -> String {
    let mut slug: String = words(name)
        .split(' ')
        .map(|it| it.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    slug.truncate(100);
    if slug.is_empty() { format!("i-{}", Uuid::new_v5(&NAMES, name.as_bytes()).simple()) } else { slug }
}

/// A letter in lower case, without its accent.
fn plain(c: char, out: &mut String) {
    let folded = match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ǎ' | 'ǎ' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ď'..='đ' | 'Ð' | 'ð' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĵ' | 'ĵ' => "j",
        'Ķ' | 'ķ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "n",
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'ß' | 'ẞ' => "ss",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'Ź'..='ž' => "z",
        'Þ' | 'þ' => "th",
        _ => return out.extend(c.to_lowercase()),
    };
    out.push_str(folded);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_accents_or_punctuation() {
        assert_eq!(words("Atención prehospitalaria: el ICTUS!"), "atencion prehospitalaria el ictus");
        assert_eq!(words("C++ & C#, node.js; Master's"), "cplusplus csharp node js masters");
        assert_eq!(words("e\u{301}cole  Straße"), "ecole strasse");
        assert_eq!(words("Московский 机器学习"), "московский 机器学习");
        assert_eq!(words("  -- "), "");
        assert_eq!(terms("a b").len(), 2);
        assert_eq!(terms(&"x ".repeat(99)).len(), TERMS_MAX);
    }

    #[test]
    fn slugs_are_ids() {
        assert_eq!(slug("Tecnológico de Monterrey"), "tecnologico-de-monterrey");
        assert_eq!(slug("(ISC)²"), "isc");
        assert_eq!(slug("École normale supérieure"), "ecole-normale-superieure");
        assert!(slug("МГИМО").starts_with("i-") && slug("МГИМО") == slug("МГИМО") && slug("МГИМО") != slug("МФТИ"));
        assert_eq!(slug(&"long name ".repeat(40)).len(), 100);
    }
}
