//! What calls are kept apart by, besides the segment: which call of a mix it is, and which target it goes to.
//!
//! Each combination has a tally of its own, and every figure of a result is a sum of some of them: so what is told of the
//! parts adds up to the whole, exactly, and recording a call costs the same with parts and without.

/// Where a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The segment of its intended start; 0 is the warm-up.
    pub segment: u16,
    /// The part within it: see [`Parts`].
    pub part: u16,
}

/// The parts of a segment: call by call, and within each target by target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Calls of the mix.
    pub calls: u16,
    /// Targets.
    pub targets: u16,
}

impl Parts {
    /// All calls together.
    pub const ONE: Parts = Parts {
        calls: 1,
        targets: 1,
    };

    /// How many there are.
    pub(super) fn count(self) -> usize {
        usize::from(self.calls) * usize::from(self.targets)
    }

    /// The cell of a call, by the numbers of its call of the mix and of its target.
    #[inline]
    pub fn cell(self, segment: u16, call: usize, target: u16) -> Cell {
        Cell {
            segment,
            part: call as u16 * self.targets + target,
        }
    }

    /// The number of the call of the mix.
    pub fn call_of(self, cell: Cell) -> u16 {
        cell.part / self.targets
    }

    /// Where a cell's tally is.
    #[inline]
    pub(super) fn index(self, cell: Cell) -> usize {
        usize::from(cell.segment) * self.count() + usize::from(cell.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_every_segment_has_a_place_of_its_own() {
        let parts = Parts {
            calls: 3,
            targets: 4,
        };
        let mut places = Vec::new();
        for segment in 0..2 {
            for call in 0..3 {
                for target in 0..4 {
                    let cell = parts.cell(segment, call, target);
                    assert_eq!(usize::from(parts.call_of(cell)), call);
                    places.push(parts.index(cell));
                }
            }
        }
        assert_eq!(places, (0..24).collect::<Vec<_>>());
    }
}
