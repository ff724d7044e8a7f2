//! PEM: exactly one block, and nothing around it.

use alloc::vec::Vec;

use x509_cert::der::pem;

/// What a block is of.
#[derive(Clone, Copy)]
pub(crate) enum Block {
    Certificate,
    PublicKey,
}

/// The DER in a text that is one block. RFC 7468 allows text around a block, which readers skip;
/// here nothing is skipped. An error is what is wrong, in words.
pub(crate) fn one_block(text: &str, block: Block) -> Result<Vec<u8>, &'static str> {
    let text = text.trim_end_matches(['\r', '\n']);
    let words = block.words();
    if !text.starts_with(words.begin) {
        return Err(words.no_begin);
    }
    if !text.ends_with(words.end) {
        return Err(words.no_end);
    }
    if text.matches("-----BEGIN").count() > 1 {
        return Err("there is more than one block");
    }
    match pem::decode_vec(text.as_bytes()) {
        Ok((label, der)) if label == words.label => Ok(der),
        _ => Err("the block is not base64 in lines of one length"),
    }
}

struct Words {
    label: &'static str,
    begin: &'static str,
    no_begin: &'static str,
    end: &'static str,
    no_end: &'static str,
}

impl Block {
    const fn words(self) -> Words {
        match self {
            Self::Certificate => Words {
                label: "CERTIFICATE",
                begin: "-----BEGIN CERTIFICATE-----",
                no_begin: "it does not start with -----BEGIN CERTIFICATE-----",
                end: "-----END CERTIFICATE-----",
                no_end: "it does not end with -----END CERTIFICATE-----",
            },
            Self::PublicKey => Words {
                label: "PUBLIC KEY",
                begin: "-----BEGIN PUBLIC KEY-----",
                no_begin: "it does not start with -----BEGIN PUBLIC KEY-----",
                end: "-----END PUBLIC KEY-----",
                no_end: "it does not end with -----END PUBLIC KEY-----",
            },
        }
    }
}
