//! An explanation as one page of HTML, to be printed and kept.

use alloc::{format, string::String};

use super::{Explanation, Section, render::joined};

/// How the page looks: readable on a screen, on paper and without any colour.
const STYLE: &str = "\
body { font-family: sans-serif; line-height: 1.4; max-width: 50em; margin: 2em auto; padding: 0 1em; }
h2 { margin-top: 1.6em; border-bottom: 1px solid; }
li { margin: 0.3em 0; }
code { overflow-wrap: anywhere; }
table { border-collapse: collapse; }
th { text-align: left; vertical-align: top; padding: 0.2em 1em 0.2em 0; }
td { padding: 0.2em 0; }
.caution { list-style: none; border-left: 0.3em solid; padding-left: 0.7em; }
.line { display: inline-block; min-width: 16em; border-bottom: 1px solid; }
@page { margin: 2cm; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; }
  h2 { break-after: avoid; }
  li, tr, .review { break-inside: avoid; }
}
";

impl Explanation {
    /// As one HTML document without scripts, styles from elsewhere or pictures: for the files of
    /// those who decide, such as a data protection officer.
    ///
    /// Its top says what identifies it (policy, hash, reader, date if [`Explanation::dated`]), and
    /// its end has lines for whoever reviews it.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = escape(&self.title);
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}: what this policy means</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<h1>{title}: what this policy means</h1>\n<table>\n"
        );
        for (field, value) in self.record() {
            let value = escape(&value);
            text.push_str(&format!(
                "<tr><th scope=\"row\">{field}</th><td><code>{value}</code></td></tr>\n"
            ));
        }
        text.push_str(
            "</table>\n<p>This was made from the policy with that hash and from nothing else. \
             Sentences with a bar say what is weak or not protected. Whoever has another hash has \
             another policy.</p>\n",
        );
        for section in &self.sections {
            push(&mut text, section);
        }
        text.push_str(
            "<p class=\"review\">Reviewed for <span class=\"line\"></span> by \
             <span class=\"line\"></span> on <span class=\"line\"></span></p>\n</body>\n</html>\n",
        );
        text
    }
}

fn push(text: &mut String, section: &Section) {
    text.push_str(&format!("<h2>{}</h2>\n<ul>\n", escape(&section.title)));
    for sentence in &section.sentences {
        let start = if sentence.caution {
            "<li class=\"caution\"><strong>Note:</strong> "
        } else {
            "<li>"
        };
        let value = |value: &str| format!("<code>{}</code>", escape(value));
        text.push_str(&format!(
            "{start}{}</li>\n",
            joined(sentence, value, escape)
        ));
    }
    text.push_str("</ul>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{PolicyHash, Timestamp};
    use alloc::vec;

    pub(in super::super) fn explanation(value: &str) -> Explanation {
        Explanation {
            title: value.into(),
            hash: PolicyHash::from_bytes([1; 32]),
            reader: None,
            date: None,
            sections: vec![Section {
                title: "A".into(),
                sentences: vec![super::super::say(
                    "it is {}.",
                    &[super::super::code(value)],
                    &[],
                )],
            }],
        }
    }

    #[test]
    fn no_value_passes_for_markup() {
        let html = explanation("<b>`*x*`</b> & \"y\"").to_html();
        assert!(
            !html.contains("<b>") && html.contains("&lt;b&gt;"),
            "{html}"
        );
    }

    #[test]
    fn the_page_stands_alone_and_says_what_identifies_it() {
        let date = Timestamp::from_seconds(0);
        let html = explanation("x").dated(date).to_html();
        for foreign in [
            "<script", "<link", "<img", "url(", "@import", "http", "src=",
        ] {
            assert!(!html.contains(foreign), "{foreign}");
        }
        assert!(html.contains("<td><code>1970-01-01T00:00:00Z</code></td>"));
        let hash = PolicyHash::from_bytes([1; 32]);
        assert!(html.contains(&format!("<td><code>{hash}</code></td>")));
        assert!(html.contains("<td><code>all participants</code></td>"));
    }
}
