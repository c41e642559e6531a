//! What calls are kept apart by, besides the segment: which call of a mix it is.
//!
//! Each combination has a tally of its own, and every figure of a result is a sum of some of them: so what is told of the
//! parts adds up to the whole, exactly, and recording a call costs the same with parts and without.

/// Where a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The segment of its intended start; 0 is the warm-up.
    pub segment: u16,
    /// The part within it.
    pub part: u16,
}

/// How many parts a segment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Calls of the mix.
    pub calls: usize,
}

impl Cell {
    /// The cell of a call of the mix, by its number.
    #[inline]
    pub fn new(segment: u16, call: usize) -> Cell {
        Cell {
            segment,
            part: call as u16,
        }
    }
}

impl Parts {
    /// So many calls, which are few.
    pub fn of(calls: usize) -> Parts {
        Parts { calls }
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.calls
    }

    /// Where a cell's tally is.
    #[inline]
    pub(super) fn index(self, cell: Cell) -> usize {
        usize::from(cell.segment) * self.count() + usize::from(cell.part)
    }
}
