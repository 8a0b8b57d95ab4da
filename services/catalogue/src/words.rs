//! Words: text cut into plain words, so that both databases find the same.

use studium_kit::Dialect;

/// Words of one query, at most; the rest is not looked at.
const MOST: usize = 32;

/// Letters of the Latin alphabets that are found by the plain letter, too.
const PLAIN: &[(&str, &str)] = &[
    ("àáâãäåāăąǎ", "a"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉ", "n"),
    ("òóôõöøōŏőơ", "o"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ţťŧț", "t"),
    ("ùúûüũūŭůűųư", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("þ", "th"),
];

/// The words of a text in lower case and without accents, one space between them.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_between = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        // Combining accents belong to the letter before them.
        if ('\u{300}'..='\u{36f}').contains(&c) {
            continue;
        }
        if !c.is_alphanumeric() {
            is_between = !out.is_empty();
            continue;
        }
        if is_between {
            out.push(' ');
            is_between = false;
        }
        match PLAIN.iter().find(|(letters, _)| !c.is_ascii() && letters.contains(c)) {
            Some((_, plain)) => out.push_str(plain),
            None => out.push(c),
        }
    }
    out
}

/// The full-text query for all words of a text, the last as a beginning; `None` if it has no word.
/// Nothing of what the user typed but letters and digits gets into it.
pub(crate) fn query(text: &str, dialect: Dialect) -> Option<String> {
    let words = words(text);
    let (quote, and, prefix) = match dialect {
        Dialect::Sqlite => ('"', " ", "*"),
        Dialect::Postgres => ('\'', " & ", ":*"),
    };
    let quoted: Vec<_> = words.split(' ').filter(|it| !it.is_empty()).take(MOST).collect();
    let quoted: Vec<_> = quoted.into_iter().map(|it| format!("{quote}{it}{quote}")).collect();
    (!quoted.is_empty()).then(|| quoted.join(and) + prefix)
}

/// Whether each word typed is the beginning of a word of the text.
pub(crate) fn begin(typed: &str, text: &str) -> bool {
    let text = words(text);
    words(typed).split(' ').all(|it| text.split(' ').any(|word| word.starts_with(it)))
}

#[cfg(test)]
mod tests {
    use super::{begin, query, words};
    use studium_kit::Dialect;

    #[test]
    fn text_becomes_plain_words() {
        assert_eq!(words("  C++ für Anfänger: Teil-2 "), "c fur anfanger teil 2");
        assert_eq!(words("Ata\u{301}laya STRASSE Straße"), "atalaya strasse strasse");
        assert_eq!(words("データ 分析"), "データ 分析");
        assert_eq!(words("!?"), "");
    }

    #[test]
    fn nothing_typed_is_syntax() {
        assert_eq!(query("a\" OR b*", Dialect::Sqlite).as_deref(), Some("\"a\" \"or\" \"b\"*"));
        assert_eq!(query("it's (x | y)", Dialect::Postgres).as_deref(), Some("'it' & 's' & 'x' & 'y':*"));
        assert_eq!(query("-- ;", Dialect::Sqlite), None);
    }

    #[test]
    fn beginnings_of_words_are_found() {
        assert!(begin("univ barc", "Universitat de Barcelona"));
        assert!(!begin("celona", "Universitat de Barcelona"));
    }
}
