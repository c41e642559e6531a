//! The latest request that opened a call, as the next one mostly asks for the same.

use scenarios::method::Method;

use crate::shape::Shape;

/// Longer requests are read anew: that costs little beside receiving them.
const LONGEST: usize = 256;

/// What the latest request was, and what it asks for.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    message: Vec<u8>,
    wanted: Option<(Method, Shape)>,
}

impl Latest {
    /// What a request asks for, if it is the latest one over again.
    #[inline]
    pub(crate) fn find(&self, method: Method, message: &[u8]) -> Option<&Shape> {
        let (of, shape) = self.wanted.as_ref()?;
        (*of == method && self.message == message).then_some(shape)
    }

    /// Keeps a request whose reply depends on nothing but its shape.
    #[inline]
    pub(crate) fn keep(&mut self, method: Method, message: &[u8], shape: Shape) {
        if message.len() <= LONGEST {
            self.message.clear();
            self.message.extend_from_slice(message);
            self.wanted = Some((method, shape));
        }
    }
}

#[cfg(test)]
mod tests {
    use scenarios::method::Pattern;

    use super::*;

    fn shape(pattern: Pattern) -> Shape {
        Shape::of(None, pattern).unwrap()
    }

    #[test]
    fn only_the_latest_request_of_the_same_method_is_found() {
        let mut latest = Latest::default();
        assert!(latest.find(Method::SayHello, b"").is_none());
        latest.keep(Method::SayHello, b"one", shape(Pattern::Unary));
        assert!(latest.find(Method::SayHello, b"one").is_some());
        assert!(latest.find(Method::SayHello, b"on").is_none());
        assert!(latest.find(Method::LotsOfReplies, b"one").is_none());
        latest.keep(
            Method::LotsOfReplies,
            b"two",
            shape(Pattern::ServerStreaming),
        );
        assert!(latest.find(Method::SayHello, b"one").is_none());
        latest.keep(Method::SayHello, &[0; LONGEST + 1], shape(Pattern::Unary));
        assert!(latest.find(Method::LotsOfReplies, b"two").is_some());
    }
}
