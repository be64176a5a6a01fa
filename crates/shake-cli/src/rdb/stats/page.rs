//! The frame of the page: everything that does not depend on what is shown.

use std::fmt::{self, Display, Write};

/// Text as HTML shows it, in elements and in quoted attributes. All that comes from a file goes through here.
pub(super) struct Safe<T>(pub(super) T);

impl<T: Display> Display for Safe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper { out: f }, "{}", self.0)
    }
}

struct Escaper<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
}

impl Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '<' => self.out.write_str("&lt;")?,
                '>' => self.out.write_str("&gt;")?,
                '&' => self.out.write_str("&amp;")?,
                '"' => self.out.write_str("&quot;")?,
                '\'' => self.out.write_str("&#39;")?,
                _ => self.out.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// A whole page around its body, which is HTML already. No script can run in it.
pub(super) fn frame(title: &str, body: &str) -> String {
    let title = Safe(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(
            Safe("</script><img src=x onerror='a'>&\"").to_string(),
            "&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;"
        );
        assert!(frame("<x>", "").contains("<title>&lt;x&gt;</title>"));
    }
}
