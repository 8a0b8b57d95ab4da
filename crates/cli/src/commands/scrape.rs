//! What a service's `/metrics` says, as far as it is counters, gauges and histograms of ours.

use std::collections::BTreeMap;

/// Values by name and labels, in the Prometheus text format 0.0.4. Labels of ours hold no quotation marks.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    values: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Scrape {
    /// Reads what a service shows; lines that are something else say nothing here.
    pub fn read(text: &str) -> Self {
        let mut values = BTreeMap::<String, BTreeMap<String, f64>>::new();
        for line in text.lines().filter(|it| !it.starts_with('#')) {
            let Some((what, value)) = line.rsplit_once(' ') else { continue };
            let (name, labels) = what.split_once('{').unwrap_or((what, ""));
            let Ok(value) = value.parse() else { continue };
            values.entry(name.to_owned()).or_default().insert(labels.trim_end_matches('}').to_owned(), value);
        }
        Self { values }
    }

    /// What counters have counted since an earlier look. One that is smaller now began anew.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        for (name, values) in &mut since.values {
            let Some(then) = earlier.values.get(name) else { continue };
            for (labels, value) in values {
                *value -= then.get(labels).filter(|it| **it <= *value).copied().unwrap_or_default();
            }
        }
        since
    }

    /// What several looks have come to together.
    pub fn added(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sums = Self::default();
        for (name, values) in all.into_iter().flat_map(|it| it.values) {
            let sum = sums.values.entry(name).or_default();
            for (labels, value) in values {
                *sum.entry(labels).or_default() += value;
            }
        }
        sums
    }

    /// All values of a name together.
    pub fn sum(&self, name: &str) -> f64 {
        total(self.of(name).map(|(_, value)| value))
    }

    /// The greatest value of a name; 0 if there is none.
    pub fn most(&self, name: &str) -> f64 {
        self.of(name).map(|(_, value)| value).fold(0.0, f64::max)
    }

    /// The values of a name by one label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for (labels, value) in self.of(name) {
            *sums.entry(label_of(labels, label).to_owned()).or_default() += value;
        }
        sums
    }

    /// Under which value so great a share of a histogram lies, as Prometheus' `histogram_quantile` has it:
    /// evenly spread within a bucket. None if nothing was observed.
    pub fn quantile(&self, name: &str, share: f64) -> Option<f64> {
        let by_bound = self.by(&format!("{name}_bucket"), "le");
        let mut buckets: Vec<(f64, f64)> =
            by_bound.iter().filter_map(|(le, many)| Some((le.replace("+Inf", "inf").parse().ok()?, *many))).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rank = buckets.last()?.1 * share;
        let at = buckets.iter().position(|(_, many)| *many >= rank && *many > 0.0)?;
        let (low, under) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
        let (high, upto) = buckets[at];
        if high.is_infinite() { Some(low) } else { Some(low + (high - low) * (rank - under) / (upto - under)) }
    }

    fn of(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        self.values.get(name).into_iter().flatten().map(|(labels, value)| (labels.as_str(), *value))
    }
}

/// A sum that is 0 and not -0 of nothing.
pub fn total(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, it| sum + it)
}

fn label_of<'a>(labels: &'a str, name: &str) -> &'a str {
    let value = |it: &'a str| it.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"');
    labels.split(',').find_map(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const BEFORE: &str = r#"# HELP c Commands.
c{aggregate="a",outcome="accepted"} 10
c{aggregate="b",outcome="accepted"} 5
c{aggregate="a",outcome="refused"} 1
lag{view="x"} 3
lag{view="y"} 7
t_bucket{le="0.1"} 0
t_bucket{le="0.2"} 0
t_bucket{le="+Inf"} 0
"#;

    #[test]
    fn rates_are_of_what_came_since() {
        let after = BEFORE.replace(" 10\n", " 30\n").replace(" 5\n", " 2\n");
        let (before, after) = (Scrape::read(BEFORE), Scrape::read(&after));
        let since = after.since(&before);
        assert_eq!(since.by("c", "outcome"), BTreeMap::from([("accepted".into(), 22.0), ("refused".into(), 0.0)]));
        assert_eq!(
            (since.sum("c"), after.most("lag"), format!("{:.1}", after.sum("none"))),
            (22.0, 7.0, "0.0".to_owned())
        );
    }

    #[test]
    fn what_replicas_did_is_added_by_its_labels() {
        let other = r#"c{aggregate="a",outcome="accepted"} 4
d{x="1"} 2
"#;
        let both = Scrape::added([Scrape::read(BEFORE), Scrape::read(other)]);
        assert_eq!(both.by("c", "outcome"), BTreeMap::from([("accepted".into(), 19.0), ("refused".into(), 1.0)]));
        assert_eq!((both.by("c", "aggregate")["a"], both.sum("d")), (15.0, 2.0));
    }

    #[test]
    fn a_share_of_a_histogram_lies_where_prometheus_says() {
        let text =
            "t_bucket{le=\"0.1\",x=\"1\"} 50\nt_bucket{le=\"0.2\",x=\"1\"} 90\nt_bucket{le=\"+Inf\",x=\"1\"} 100\n";
        let it = Scrape::read(text);
        assert_eq!(it.quantile("t", 0.25), Some(0.05));
        assert!(it.quantile("t", 0.7).is_some_and(|it| (it - 0.15).abs() < 1e-9));
        assert_eq!(it.quantile("t", 0.99), Some(0.2), "more is not known");
        assert_eq!(Scrape::read(BEFORE).quantile("t", 0.5), None);
        assert_eq!(it.quantile("u", 0.5), None);
    }
}
