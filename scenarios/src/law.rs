//! Laws: a quantity that is fixed, or drawn from a seeded distribution (payload sizes, delays).

use std::marker::PhantomData;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1, StandardNormal};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
#[schemars(rename = "Drawn_of_{T}")]
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
#[schemars(rename = "Uniform_of_{T}")]
pub struct Uniform<T> {
    /// The smallest value.
    pub min: T,
    /// The largest value.
    pub max: T,
}

/// The parameters of a normal law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gaussian_of_{T}")]
pub struct Gaussian<T> {
    /// The mean.
    pub mean: T,
    /// The standard deviation.
    pub std_dev: T,
}

/// The parameters of a lognormal law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lognormal_of_{T}")]
pub struct Lognormal<T> {
    /// The median.
    pub median: T,
    /// The standard deviation of the logarithm; 0.5 is a mild tail, 2 a heavy one.
    pub sigma: f64,
}

/// The parameter of an exponential law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exponential_of_{T}")]
pub struct Exponential<T> {
    /// The mean.
    pub mean: T,
}

/// One value of a weighted list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Weighted_of_{T}")]
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

impl<T: Quantity> Drawn<T> {
    /// Draws one value.
    pub fn draw(&self, rng: &mut impl Rng) -> T {
        let unit: f64 = match self {
            Drawn::Uniform(_) | Drawn::Weighted(_) => rng.random(),
            Drawn::Exponential(_) => Exp1.sample(rng),
            Drawn::Normal(_) | Drawn::Lognormal(_) => StandardNormal.sample(rng),
        };
        match self {
            Drawn::Uniform(law) => {
                let (min, max) = (law.min.to_f64(), law.max.to_f64());
                T::from_f64((min + unit * (max - min + 1.0)).floor().min(max))
            }
            Drawn::Normal(law) => T::from_f64(law.mean.to_f64() + unit * law.std_dev.to_f64()),
            Drawn::Lognormal(law) => T::from_f64(law.median.to_f64() * (unit * law.sigma).exp()),
            Drawn::Exponential(law) => T::from_f64(law.mean.to_f64() * unit),
            Drawn::Weighted(list) => pick(list, unit),
        }
    }
}

/// The value at `unit`, from 0 to 1, of the weights laid end to end.
fn pick<T: Quantity>(list: &[Weighted<T>], unit: f64) -> T {
    let mut rest = unit * list.iter().map(|entry| entry.weight).sum::<f64>();
    let found = list.iter().find(|entry| {
        rest -= entry.weight;
        rest < 0.0
    });
    found
        .or(list.last())
        .map_or_else(|| T::from_f64(0.0), |entry| entry.value)
}

/// What is wrong with a law: the key below it, and what was expected there.
pub(crate) type Fault = (&'static str, String);

impl<T: Quantity> Law<T> {
    /// Looks for parameters that no distribution has.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let Law::Drawn(law) = self else { return None };
        match law {
            Drawn::Uniform(law) if law.min.to_f64() > law.max.to_f64() => {
                Some(("uniform.min", "expected `min` to be at most `max`".into()))
            }
            Drawn::Lognormal(law)
                if !(law.sigma.is_finite() && (0.0..=10.0).contains(&law.sigma)) =>
            {
                Some((
                    "lognormal.sigma",
                    format!("expected a sigma from 0 to 10, found {}", law.sigma),
                ))
            }
            Drawn::Weighted(list) if list.is_empty() => {
                Some(("weighted", "expected at least one value".into()))
            }
            Drawn::Weighted(list) => list
                .iter()
                .find(|entry| !(entry.weight.is_finite() && entry.weight > 0.0))
                .map(|entry| {
                    (
                        "weighted",
                        format!("expected weights above 0, found {}", entry.weight),
                    )
                }),
            _ => None,
        }
    }

    /// The largest value that the law names, to check against a bound: drawn values can be larger.
    pub(crate) fn largest(&self) -> f64 {
        match self {
            Law::Fixed(value) => value.to_f64(),
            Law::Drawn(Drawn::Uniform(law)) => law.max.to_f64(),
            Law::Drawn(Drawn::Normal(law)) => law.mean.to_f64(),
            Law::Drawn(Drawn::Lognormal(law)) => law.median.to_f64(),
            Law::Drawn(Drawn::Exponential(law)) => law.mean.to_f64(),
            Law::Drawn(Drawn::Weighted(list)) => {
                list.iter().map(|e| e.value.to_f64()).fold(0.0, f64::max)
            }
        }
    }
}

impl<T: Serialize> Serialize for Law<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Law::Fixed(value) => value.serialize(serializer),
            Law::Drawn(law) => law.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Law<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LawVisitor(PhantomData))
    }
}

/// A mapping names a distribution, anything else is the value itself.
struct LawVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LawVisitor<T> {
    type Value = Law<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "a value, or a distribution such as `{ lognormal: { median: ..., sigma: ... } }`",
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Law<T>, A::Error> {
        let law = Drawn::deserialize(MapAccessDeserializer::new(&mut map))?;
        match map.next_key::<String>()? {
            None => Ok(Law::Drawn(law)),
            Some(second) => Err(de::Error::custom(format!(
                "expected one distribution, found a second: `{second}`"
            ))),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Law<T>, E> {
        T::deserialize(text.into_deserializer()).map(Law::Fixed)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Law<T>, E> {
        T::deserialize(number.into_deserializer()).map(Law::Fixed)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Law<T>, E> {
        T::deserialize(number.into_deserializer()).map(Law::Fixed)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Law<T>, E> {
        T::deserialize(number.into_deserializer()).map(Law::Fixed)
    }
}

impl<T: JsonSchema> JsonSchema for Law<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Law_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let fixed = generator.subschema_for::<T>();
        let drawn = generator.subschema_for::<Drawn<T>>();
        schemars::json_schema!({ "anyOf": [fixed, drawn] })
    }
}
