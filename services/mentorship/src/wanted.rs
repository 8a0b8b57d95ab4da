//! What a list is narrowed to, as SQL: only what is wanted is a condition, so that a database can use its indexes.

use studium_kit::Value;

/// Conditions with their arguments.
#[derive(Debug)]
pub struct Wanted {
    conditions: String,
    /// The arguments of the conditions so far.
    pub args: Vec<Value>,
}

impl Wanted {
    /// Begins with conditions whose arguments are put into `args`.
    pub fn new(conditions: &str) -> Self {
        Self { conditions: conditions.to_owned(), args: Vec::new() }
    }

    /// Adds a condition on a text, which stands where `$` does, unless it is empty.
    pub fn text(&mut self, condition: &str, value: &str) {
        if !value.is_empty() {
            self.and(condition, value.into());
        }
    }

    /// Adds a condition on a number, which stands where `$` does, unless it is 0.
    pub fn number(&mut self, condition: &str, value: i64) {
        if value != 0 {
            self.and(condition, value.into());
        }
    }

    /// Adds a condition without an argument if it is wanted.
    pub fn only_if(&mut self, condition: &str, wanted: bool) {
        if wanted {
            self.conditions = format!("{} AND {condition}", self.conditions);
        }
    }

    fn and(&mut self, condition: &str, value: Value) {
        self.args.push(value);
        let condition = condition.replace('$', &format!("${}", self.args.len()));
        self.only_if(&condition, true);
    }

    /// The statement for all lines.
    pub fn all(self, table: &str, columns: &str, order: &str) -> (String, Vec<Value>) {
        (format!("SELECT {columns} FROM {table} WHERE {} ORDER BY {order}", self.conditions), self.args)
    }

    /// The statement for one page.
    pub fn page(mut self, table: &str, columns: &str, order: &str, size: i64) -> (String, Vec<Value>) {
        self.args.push(size.into());
        let limit = self.args.len();
        let (sql, args) = self.all(table, columns, order);
        (format!("{sql} LIMIT ${limit}"), args)
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn only_what_is_wanted_is_a_condition() {
        let mut wanted = Wanted::new("id > $1");
        wanted.args = vec!["a".into()];
        wanted.text("learner_id = $", "");
        wanted.number("state = $", 0);
        wanted.text("(one = $ OR other = $)", "ada");
        wanted.only_if("NOT done", true);
        wanted.only_if("done", false);
        wanted.number("state = $", 2);
        let (sql, args) = wanted.page("t", "id", "id", 7);
        assert_eq!(
            sql,
            "SELECT id FROM t WHERE id > $1 AND (one = $2 OR other = $2) AND NOT done AND state = $3 ORDER BY id LIMIT $4"
        );
        assert_eq!(args.len(), 4);
    }
}
