//! `upload`.

use super::{Desk, block_on, path, quorum};
use crate::args::UploadArgs;
use crate::error::CliError;
use crate::output::{Format, Report, progress};
use serde_json::json;
use std::sync::Arc;
use veracruz_client::{Dial, Source, upload_resuming};

/// `upload`: each file whole, going on at the same isolate where the line breaks.
pub(crate) fn upload(arguments: &UploadArgs, format: Format) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if let Some(dial) = desk.quorum() {
        return quorum::upload(&desk, &dial, arguments, format);
    }
    block_on(async {
        let (connection, _) = desk.attested().await?;
        let dial = Dial {
            host: desk.host.clone(),
            policy: Arc::clone(&desk.policy),
            identity: desk.identity.clone(),
            instance: connection.instance(),
            accept_unprotected: desk.accept_unprotected,
            collateral: Arc::clone(&desk.collateral),
        };
        drop(connection);
        let (mut files, mut lines) = (Vec::new(), Vec::new());
        for assignment in &arguments.files {
            let path = path(&assignment.path)?;
            let source = Source::File(assignment.file.clone());
            let mut bar = progress(format, path.as_str());
            let sent =
                upload_resuming(&dial, &path, &source, desk.provisioning(), &mut bar).await?;
            lines.push(format!(
                "{path}  {} bytes  sha256 {}",
                sent.length, sent.sha256
            ));
            files.push(json!({
                "path": path.as_str(),
                "bytes": sent.length,
                "sha256": sent.sha256.to_string(),
                "resumed_at": sent.resumed_at,
            }));
        }
        Ok(Report::new(json!({ "files": files })).lines(lines))
    })
}
