//! Assigns a whole cohort of learners to mentors at once: as many as possible, and then with the highest total score.
//!
//! Learners come in one after another, each by the cheapest chain of moves that ends at a free place (successive
//! shortest paths over the mentors, with prices). So after each learner the matching is the best of all so far.

/// One learner's admissible mentors: index of the mentor and score in thousandths, 0 to 1,000.
pub type Wishes = Vec<(u32, u32)>;

/// The best score a pair can have; a higher one counts as this.
pub const BEST: u32 = 1_000;

/// The cost of a pair that is not admissible. Above every price, and far enough below the limit to be added to.
const FORBIDDEN: i32 = 1 << 28;
/// The longest chain of moves that one more learner outweighs; beyond, costs would no longer fit. Only a cohort with
/// more learners and more mentors than this could need a longer one, and its costs alone would take 14 GB.
const LONGEST: usize = 60_000;
/// How a mentor takes part in a search. At equal distance the lowest goes first, so a free place ends the search.
const FREE: i32 = 0;
const FULL: i32 = 1;
const VISITED: i32 = 1 << 30;

/// How good a matching is. Ordered: more learners first, then the higher total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality {
    /// How many learners have a mentor.
    pub assigned: usize,
    /// The sum of their scores in thousandths.
    pub total: u64,
}

/// A matching together with what proves that no other is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// For each learner the index of the mentor, or none.
    pub mentors: Vec<Option<u32>>,
    /// For each mentor what a place is worth in thousandths: one more would win at most this, one less would lose at
    /// least this. Zero while a place is free.
    pub prices: Vec<i32>,
    /// What a learner without a mentor costs: more than any exchange of mentors could win back.
    pub penalty: i32,
}

/// For each learner the index of the mentor, or none: no matching assigns more learners, and none that assigns as many
/// has a higher total score.
///
/// Takes at most O(n m (n + m)) steps for n learners and m mentors, as a rule a small part of them, and about
/// 4 m (n + m) bytes.
/// The same input always gives the same matching; another order of the learners gives one of the same quality.
pub fn optimal(learners: &[Wishes], places: &[u32]) -> Vec<Option<u32>> {
    priced(learners, places).mentors
}

/// The same matching as [`optimal`], with the prices that prove it: at these prices nobody would rather have another
/// mentor or none, and only full mentors have a price.
pub fn priced(learners: &[Wishes], places: &[u32]) -> Matching {
    let mut market = Market::open(learners, places);
    for learner in 0..learners.len() {
        market.admit(learner);
    }
    market.close()
}

/// For each learner the index of the mentor, or none: in the order of the learners, each gets the best free mentor.
pub fn greedy(learners: &[Wishes], places: &[u32]) -> Vec<Option<u32>> {
    let mut free = places.to_vec();
    let mut choose = |wishes: &Wishes| {
        let open = wishes.iter().filter(|(mentor, _)| free.get(*mentor as usize).is_some_and(|free| *free > 0));
        // At the same score the first mentor by index, so that the order of a list does not matter.
        let (mentor, _) = *open.min_by_key(|(mentor, score)| (BEST - *score.min(&BEST), *mentor))?;
        free[mentor as usize] -= 1;
        Some(mentor)
    };
    learners.iter().map(&mut choose).collect()
}

/// How many learners a matching gives a mentor, and the sum of their scores.
pub fn quality(learners: &[Wishes], mentors: &[Option<u32>]) -> Quality {
    let score = |(wishes, mentor): (&Wishes, &Option<u32>)| {
        let chosen = wishes.iter().filter(|(wished, _)| Some(*wished) == *mentor);
        chosen.map(|(_, score)| *score.min(&BEST)).max()
    };
    let scores = learners.iter().zip(mentors).filter_map(score);
    scores.fold(Quality { assigned: 0, total: 0 }, |sum, score| Quality {
        assigned: sum.assigned + 1,
        total: sum.total + u64::from(score),
    })
}

/// The state between two learners: a best matching of all learners admitted so far.
///
/// The last column is the mentor of those who have none: admissible for all, with places for all, at the penalty.
struct Market {
    columns: usize,
    penalty: i32,
    /// Learner by column, what this pair costs: what its score lacks to the best.
    costs: Vec<i32>,
    /// For each column how many places it has left.
    free: Vec<u32>,
    /// For each column the learners it has.
    members: Vec<Vec<usize>>,
    /// For each column what its next place costs on top. Zero while there is a free one.
    prices: Vec<i32>,
    /// For each column, by column, the least extra cost of moving one of its learners there. Empty when out of date.
    moves: Vec<Vec<i32>>,
    /// The search for the cheapest way in: for each column the distance, its standing and where the way comes from.
    distances: Vec<i32>,
    standing: Vec<i32>,
    from: Vec<usize>,
    visited: Vec<usize>,
}

impl Market {
    fn open(learners: &[Wishes], places: &[u32]) -> Self {
        let (nobody, columns) = (places.len(), places.len() + 1);
        // One more learner outweighs a chain of moves over all mentors, each from the best score to the worst.
        let longest = learners.len().min(places.len()).min(LONGEST);
        let penalty = i32::try_from((longest + 1) * BEST as usize + 1).unwrap_or(FORBIDDEN / 4);
        let mut costs = vec![FORBIDDEN; learners.len() * columns];
        for (wishes, row) in learners.iter().zip(costs.chunks_exact_mut(columns)) {
            row[nobody] = penalty;
            for &(mentor, score) in wishes {
                // Of a pair listed twice the higher score counts; a mentor who does not exist is left out.
                if let Some(cost) = row[..nobody].get_mut(mentor as usize) {
                    *cost = (*cost).min((BEST - score.min(BEST)).cast_signed());
                }
            }
        }
        Self {
            columns,
            penalty,
            costs,
            free: places.iter().copied().chain([u32::MAX]).collect(),
            members: vec![Vec::new(); columns],
            prices: vec![0; columns],
            moves: vec![Vec::new(); columns],
            distances: vec![0; columns],
            standing: places.iter().map(|places| if *places > 0 { FREE } else { FULL }).chain([FREE]).collect(),
            from: vec![0; columns],
            visited: Vec::new(),
        }
    }

    fn cost(&self, learner: usize, column: usize) -> i32 {
        self.costs[learner * self.columns + column]
    }

    /// Gives one more learner a place, by the cheapest chain of moves that ends at a free one.
    fn admit(&mut self, learner: usize) {
        let end = self.search(learner);
        // Whoever was nearer than the free place now costs as much as it, so that nobody wants to change.
        for &column in &self.visited {
            self.prices[column] += self.distances[end] - self.distances[column];
            self.standing[column] = FULL;
        }
        self.shift(learner, end);
    }

    /// The nearest column with a free place. Ends, since the column of those without a mentor is always free.
    fn search(&mut self, learner: usize) -> usize {
        let costs = &self.costs[learner * self.columns..][..self.columns];
        for ((distance, cost), price) in self.distances.iter_mut().zip(costs).zip(&self.prices) {
            *distance = cost + price;
        }
        self.from.fill(self.columns);
        self.visited.clear();
        loop {
            let nearest = self.nearest();
            if self.standing[nearest] == FREE {
                return nearest;
            }
            self.visited.push(nearest);
            self.standing[nearest] = VISITED;
            self.refresh(nearest);
            self.relax(nearest);
        }
    }

    /// The column with the least distance that was not visited; a free one before a full one, then the first.
    fn nearest(&self) -> usize {
        let rank = |(distance, standing): (&i32, &i32)| 2 * distance + standing;
        let ranks = || self.distances.iter().zip(&self.standing).map(rank);
        let least = ranks().fold(i32::MAX, i32::min);
        ranks().position(|rank| rank == least).unwrap_or(self.columns - 1)
    }

    /// Brings the moves out of a column up to date.
    fn refresh(&mut self, column: usize) {
        let moves = &mut self.moves[column];
        if !moves.is_empty() {
            return;
        }
        moves.resize(self.columns, FORBIDDEN);
        for &member in &self.members[column] {
            let costs = &self.costs[member * self.columns..][..self.columns];
            let own = costs[column];
            for (least, cost) in moves.iter_mut().zip(costs) {
                *least = (*least).min(cost - own);
            }
        }
    }

    /// Looks where the way through a column is shorter. Never to a visited one: so no way can turn in a circle.
    fn relax(&mut self, via: usize) {
        let base = self.distances[via] - self.prices[via];
        let ways = self.moves[via].iter().zip(&self.prices).zip(&self.standing);
        for (((way, price), standing), (distance, from)) in ways.zip(self.distances.iter_mut().zip(&mut self.from)) {
            let through = base + way + price;
            if through < *distance && *standing != VISITED {
                *distance = through;
                *from = via;
            }
        }
    }

    /// Moves one learner along each step of the way, from its end back to the new learner.
    fn shift(&mut self, learner: usize, end: usize) {
        let mut column = end;
        while let Some(members) = self.members.get(self.from[column]) {
            let via = self.from[column];
            let extra = |member: &usize| self.cost(*member, column) - self.cost(*member, via);
            let Some((seat, member)) = members.iter().copied().enumerate().min_by_key(|(_, member)| extra(member))
            else {
                break;
            };
            self.members[via].swap_remove(seat);
            self.members[column].push(member);
            self.moves[column].clear();
            column = via;
        }
        self.members[column].push(learner);
        self.moves[column].clear();
        self.free[end] -= 1;
        if self.free[end] == 0 {
            self.standing[end] = FULL;
        }
    }

    fn close(mut self) -> Matching {
        let learners = self.costs.len() / self.columns;
        let mut mentors = vec![None; learners];
        self.prices.pop();
        // The members of the last column stay without a mentor.
        for (mentor, members) in (0_u32..).zip(&self.members[..self.columns - 1]) {
            for &member in members {
                mentors[member] = Some(mentor);
            }
        }
        Matching { mentors, prices: self.prices, penalty: self.penalty }
    }
}

#[cfg(test)]
mod tests;
