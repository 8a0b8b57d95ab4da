//! Whether the parts of a service fit together, asked before it starts.

use super::Service;

impl Service {
    /// Whether all parts fit: what would otherwise come to light late, or never.
    pub(super) fn fits_together(&self) -> anyhow::Result<()> {
        self.is_well_set()?;
        self.aggregates_are_in_a_contract()?;
        self.views_follow_what_policies_wait_for()
    }

    pub(super) fn is_well_set(&self) -> anyhow::Result<()> {
        self.trouble.as_ref().map_or(Ok(()), |why| Err(anyhow::anyhow!("{why}")))
    }

    /// An aggregate of which no contract says what is personal would write it for everybody to read.
    fn aggregates_are_in_a_contract(&self) -> anyhow::Result<()> {
        for name in &self.aggregates {
            anyhow::ensure!(
                studium_proto::is_known(name),
                "no contract says what the events of `{name}` are; list the service's own with `.contract(..)`"
            );
        }
        Ok(())
    }

    /// A policy that waits for a view which never sees its stream would stand still, and all others of the stream
    /// behind it.
    fn views_follow_what_policies_wait_for(&self) -> anyhow::Result<()> {
        for (policy, stream, views) in &self.awaited {
            for view in *views {
                let follows = self.followed.get(view).is_some_and(|it| it.contains(stream));
                anyhow::ensure!(
                    follows,
                    "policy `{policy}` waits until view `{view}` has seen stream `{stream}`, which that view does not follow"
                );
            }
        }
        Ok(())
    }
}
