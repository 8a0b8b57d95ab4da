//! Ids made of names, for institutions that a listing names and nobody registered.

use crate::words::words;
use uuid::Uuid;

/// Namespace of ids made from names that have no Latin letter; fixed for ever.
const NAMES: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6e61_6d65_7300);

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

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_ids() {
        assert_eq!(slug("Tecnológico de Monterrey"), "tecnologico-de-monterrey");
        assert_eq!(slug("(ISC)²"), "isc");
        assert_eq!(slug("École normale supérieure"), "ecole-normale-superieure");
        assert!(slug("МГИМО").starts_with("i-") && slug("МГИМО") == slug("МГИМО") && slug("МГИМО") != slug("МФТИ"));
        assert_eq!(slug(&"long name ".repeat(40)).len(), 100);
    }
}
