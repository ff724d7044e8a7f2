//! `docs/reference/errors.md` is made from the catalogue. A stale one fails here;
//! `UPDATE_EXPECT=1 cargo test -p veracruz-catalogue` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use veracruz_catalogue::Area;

#[test]
fn the_page_of_error_codes_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    let page = page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap_or_default() == page,
        "docs/reference/errors.md is stale: write it anew with \
         `UPDATE_EXPECT=1 cargo test -p veracruz-catalogue`, and commit it"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# Error codes\n\n\
         <!-- Generated from the catalogue by common/catalogue/tests/page.rs: do not edit. -->\n\n\
         Everything that a participant or an operator can be told has a code that never changes its \
         meaning. `veracruz explain VC-0412` prints what stands here, and `veracruz explain` lists \
         all. Where a code comes over HTTP, its status is given; the body is \
         `application/problem+json`, as in [the participant API](api.md). Whose fault it is, is seen \
         by the one to whom the error is shown, and is the likeliest: where the far end cannot be \
         trusted, nobody knows for certain.\n",
    );
    for area in Area::ALL {
        page.push_str(&format!("\n## {}\n", area.title()));
        for code in area.codes() {
            let status = match code.http_status() {
                0 => String::new(),
                status => format!(" (HTTP {status})"),
            };
            page.push_str(&format!(
                "\n### {code}\n\n**{}**{status}\n\n{}\n\n*Whose fault:* {}\n\n*What to do:* {}\n",
                escaped(code.title()),
                escaped(code.explanation()),
                code.fault(),
                escaped(code.hint()),
            ));
        }
    }
    page
}

/// Text in which nothing is taken for HTML.
fn escaped(text: &str) -> String {
    // Between backticks it stays as it is.
    text.split('`')
        .enumerate()
        .map(|(index, part)| match index % 2 {
            0 => part.replace('<', "&lt;").replace('*', "\\*"),
            _ => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("`")
}
