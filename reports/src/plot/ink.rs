//! The colours of figures: eight series that colour-blind readers tell apart, and the greys around them.
//!
//! A figure is drawn in the light colours. In a page each of them is replaced by a CSS custom property of which the
//! light colour is the fallback, so that the page's style decides; therefore no two inks may share a colour.

use plotters::style::RGBColor;

/// What a stroke or a text is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Titles and values.
    Text,
    /// Labels of axes.
    Muted,
    /// Grid lines.
    Grid,
    /// The line that values stand on.
    Axis,
    /// The ground, where something must look cut out.
    Ground,
    /// What failed.
    Bad,
    /// One of [`SERIES`], counted round.
    Series(usize),
}

/// How many series have a colour of their own.
pub(super) const SERIES: usize = 8;

/// Light colour and CSS custom property.
const PALETTE: [(u32, &str); 14] = [
    (0x1C_23_2B, "--ink"),
    (0x5B_66_72, "--muted"),
    (0xE3_E7_EB, "--grid"),
    (0x9A_A5_B1, "--axis"),
    (0xFF_FF_FE, "--ground"),
    (0xC0_39_2B, "--bad"),
    (0x00_68_B2, "--s1"),
    (0xD5_5E_00, "--s2"),
    (0x00_8A_68, "--s3"),
    (0xB8_5C_95, "--s4"),
    (0xB3_7D_00, "--s5"),
    (0x3D_9A_D6, "--s6"),
    (0x6A_4C_93, "--s7"),
    (0x4A_4F_57, "--s8"),
];

impl Ink {
    fn index(self) -> usize {
        match self {
            Ink::Text => 0,
            Ink::Muted => 1,
            Ink::Grid => 2,
            Ink::Axis => 3,
            Ink::Ground => 4,
            Ink::Bad => 5,
            Ink::Series(n) => 6 + n % SERIES,
        }
    }

    /// The light colour.
    pub(super) fn rgb(self) -> RGBColor {
        let (rgb, _) = PALETTE[self.index()];
        let [_, r, g, b] = rgb.to_be_bytes();
        RGBColor(r, g, b)
    }
}

/// Puts custom properties in the place of the light colours.
pub(super) fn with_variables(svg: &str) -> String {
    PALETTE.iter().fold(svg.to_owned(), |svg, (rgb, variable)| {
        svg.replace(
            &format!("\"#{rgb:06X}\""),
            &format!("\"var({variable}, #{rgb:06X})\""),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_inks_share_a_colour() {
        for (i, (rgb, _)) in PALETTE.iter().enumerate() {
            assert!(PALETTE[i + 1..].iter().all(|(other, _)| other != rgb));
        }
    }
}
