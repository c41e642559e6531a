//! Laws: a quantity that is fixed, or drawn from a seeded distribution (payload sizes, delays).

use rand::Rng;
use rand_distr::{Distribution, Exp1, LogNormal, Normal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Nanos};

/// A quantity that a law can draw: a whole number of something.
pub trait Quantity: Copy {
    /// The quantity as a number.
    fn to_f64(self) -> f64;
    /// The nearest quantity that is not negative.
    fn from_f64(value: f64) -> Self;
}

impl Quantity for Nanos {
    fn to_f64(self) -> f64 {
        self.0 as f64
    }
    fn from_f64(value: f64) -> Nanos {
        Nanos(value.round().max(0.0) as u64)
    }
}

impl Quantity for Bytes {
    fn to_f64(self) -> f64 {
        self.0 as f64
    }
    fn from_f64(value: f64) -> Bytes {
        Bytes(value.round().max(0.0) as u64)
    }
}

/// How a quantity is drawn. A plain value in the file is [`Law::Fixed`].
#[derive(Clone, Debug, PartialEq)]
pub enum Law<T> {
    /// Always the same.
    Fixed(T),
    /// Drawn from a distribution.
    Drawn(Drawn<T>),
}

/// The distributions a file can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Drawn<T> {
    /// Every value from `min` to `max` equally likely.
    Uniform(Uniform<T>),
    /// The normal distribution, cut off at zero.
    Normal(Gaussian<T>),
    /// The lognormal distribution: the logarithm is normal with standard deviation `sigma`.
    Lognormal(Lognormal<T>),
    /// The exponential distribution.
    Exponential(Exponential<T>),
    /// One of a list, by weight.
    Weighted(Vec<Weighted<T>>),
}

/// The bounds of a uniform law, both included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform<T> {
    /// The smallest value.
    pub min: T,
    /// The largest value.
    pub max: T,
}

/// The parameters of a normal law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gaussian<T> {
    /// The mean.
    pub mean: T,
    /// The standard deviation.
    pub std_dev: T,
}

/// The parameters of a lognormal law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal<T> {
    /// The median.
    pub median: T,
    /// The standard deviation of the logarithm; 0.5 is a mild tail, 2 a heavy one.
    pub sigma: f64,
}

/// The parameter of an exponential law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exponential<T> {
    /// The mean.
    pub mean: T,
}

/// One value of a weighted list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighted<T> {
    /// The value.
    pub value: T,
    /// How often it is drawn, against the weights of the others; positive.
    pub weight: f64,
}

impl<T: Quantity> Law<T> {
    /// Draws one value.
    pub fn draw(&self, rng: &mut impl Rng) -> T {
        match self {
            Law::Fixed(value) => *value,
            Law::Drawn(law) => law.draw(rng),
        }
    }

    /// The value, where it is always the same.
    pub fn fixed(&self) -> Option<T> {
        match self {
            Law::Fixed(value) => Some(*value),
            Law::Drawn(_) => None,
        }
    }
}
