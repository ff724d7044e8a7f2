//! `download`.

use super::attest::kind;
use super::{Desk, block_on, path, quorum};
use crate::args::DownloadArgs;
use crate::error::CliError;
use crate::output::{Format, Report, progress, unprotected};
use serde_json::json;
use veracruz_client::{DownloadOptions, OpeningFile};

/// `download`: checked, then put in place, with what opens its commitment beside it.
pub(crate) fn download(arguments: &DownloadArgs, format: Format) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if let Some(dial) = desk.quorum() {
        return quorum::download(&desk, &dial, arguments, format);
    }
    let path = path(&arguments.path)?;
    block_on(async {
        let (mut connection, appraised) = desk.attested().await?;
        let options = DownloadOptions {
            ledger: &desk.ledger,
            overwrite: arguments.force,
        };
        let mut bar = progress(format, path.as_str());
        let got = connection
            .download(&path, &arguments.output, options, &mut bar)
            .await?;
        if let Some(salt) = &got.opening {
            let (path, salt) = (path.clone(), *salt);
            OpeningFile { path, salt }.keep(&arguments.output)?;
        }
        let document = json!({
            "path": path.as_str(),
            "file": arguments.output,
            "bytes": got.length,
            "sha256": got.sha256.to_string(),
        });
        let line = format!(
            "{path}  {} bytes  in {}",
            got.length,
            arguments.output.display()
        );
        let report = Report::new(document).line(line);
        Ok(if appraised.protects_from_host() {
            report
        } else {
            report.line(unprotected(&kind(&appraised)))
        })
    })
}
