//! When a gate looks at its data, and when it has had its rounds.

use reports::model::Look;
use scenarios::gate::Budget;
use scenarios::units::Nanos;

/// The rounds of a gate: how many there may be, and after which the data are looked at.
#[derive(Clone, Debug)]
pub struct Schedule {
    budget: Budget,
    looks: Vec<u32>,
    /// The longest round so far.
    longest: Nanos,
}

impl Schedule {
    /// Looks after so many rounds, the last of which ends it unless the budget does before. A budget in rounds is as
    /// many, whatever the looks are.
    pub fn new(budget: Budget, mut looks: Vec<u32>) -> Schedule {
        if let Budget::Rounds(rounds) = budget {
            looks.retain(|look| *look < rounds);
            looks.push(rounds);
        }
        Schedule {
            budget,
            looks,
            longest: Nanos::ZERO,
        }
    }

    /// The most rounds that there are.
    pub fn most(&self) -> u32 {
        self.looks.last().copied().unwrap_or(0)
    }

    /// Takes note of a round over all cases that took `length`, so many having been made in `passed`; tells whether this
    /// is the time to look, and what share of all rounds has been seen.
    pub fn after(&mut self, made: u32, passed: Nanos, length: Nanos) -> Option<Look> {
        self.longest = self.longest.max(length);
        let planned = self.planned(made, passed);
        let is_last = made >= planned;
        (is_last || self.looks.contains(&made)).then(|| Look {
            rounds: made,
            information: if is_last {
                1.0
            } else {
                f64::from(made) / f64::from(planned)
            },
        })
    }

    /// How many rounds there will be, as far as is known: those that are made, if another one would not fit.
    fn planned(&self, made: u32, passed: Nanos) -> u32 {
        let Budget::Time(time) = self.budget else {
            return self.most();
        };
        if passed + self.longest > time {
            return made;
        }
        let fit = u64::from(made) * time.0 / passed.0.max(1);
        u32::try_from(fit)
            .unwrap_or(u32::MAX)
            .clamp(made + 1, self.most().max(made + 1))
            .min(self.most())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = Nanos::SECOND;

    fn seconds(s: u64) -> Nanos {
        Nanos(s * SECOND.0)
    }

    /// The looks of rounds that take 10 s each.
    fn looks(budget: Budget) -> Vec<(u32, f64)> {
        let mut schedule = Schedule::new(budget, vec![13, 20, 30]);
        let mut looks = Vec::new();
        for made in 1.. {
            let Some(look) = schedule.after(made, seconds(10 * u64::from(made)), seconds(10))
            else {
                continue;
            };
            looks.push((look.rounds, (look.information * 100.0).round() / 100.0));
            if look.information >= 1.0 {
                break;
            }
        }
        looks
    }

    #[test]
    fn the_last_look_is_where_the_budget_ends() {
        assert_eq!(looks(Budget::Rounds(20)), [(13, 0.65), (20, 1.0)]);
        assert_eq!(looks(Budget::Rounds(5)), [(5, 1.0)]);
        assert_eq!(
            looks(Budget::Rounds(40)),
            [(13, 0.33), (20, 0.5), (30, 0.75), (40, 1.0)]
        );
        // 165 s: 16 rounds, and another one would not fit.
        assert_eq!(looks(Budget::Time(seconds(165))), [(13, 0.81), (16, 1.0)]);
        assert_eq!(
            looks(Budget::Time(seconds(3600))),
            [(13, 0.43), (20, 0.67), (30, 1.0)]
        );
        assert_eq!(looks(Budget::Time(seconds(1))), [(1, 1.0)]);
    }
}
