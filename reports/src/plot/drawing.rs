//! A finished figure, as a file of its own or as a part of a page.

use super::Shape;
use super::ink::with_variables;

/// A finished figure.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Its name, of which its file name is made.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// How to read it, in plain sentences.
    pub caption: String,
    /// Its size.
    pub shape: Shape,
    /// What is inside the `<svg>` element.
    pub(super) body: String,
}

impl Drawing {
    /// An SVG file: on a light ground, whatever page it is put in.
    pub fn standalone(&self) -> String {
        let ground = "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\" rx=\"12\"/>\n";
        let id = format!("{}-file", self.name);
        format!("{}{ground}{}</svg>\n", self.opening(&id, true), self.body)
    }

    /// An element of a page whose style sets the colours. `id` tells it from other drawings of the page.
    pub fn inline(&self, id: &str) -> String {
        format!(
            "{}{}</svg>",
            self.opening(id, false),
            with_variables(&self.body)
        )
    }

    fn opening(&self, id: &str, is_file: bool) -> String {
        let Shape { width, height } = self.shape;
        let (title, caption) = (escape(&self.title), escape(&self.caption));
        let size = if is_file {
            format!(" width=\"{width}\" height=\"{height}\"")
        } else {
            String::new()
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"{size} viewBox=\"0 0 {} {}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\">\n<title id=\"{id}-title\">{title}</title>\n\
             <desc id=\"{id}-desc\">{caption}</desc>\n",
            2 * width,
            2 * height
        )
    }
}

/// What plotters wrote, without its outer element.
pub(super) fn inner(svg: &str) -> String {
    let start = svg.find('>').map_or(0, |end| end + 1);
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg[start..end].trim_start().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
