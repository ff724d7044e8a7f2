//! From CoRIMs to the reference values that evidence is compared with.

use std::collections::BTreeMap;

use veracruz_policy::{IsolateKind, Isolates, PublicKey};

use super::PROFILE;
use super::document::{
    AttestationKey, ClassId, Corim, Environment, KeyValue, ReferenceValue, Value, malformed,
};
use super::fields::{FieldValue, Fields};
use crate::AppraisalError;

/// Arm's profiles, and what Veraison's tools wrote before there were any.
const PSA: &[&str] = &["tag:arm.com,2025:psa#1.0.0", "http://arm.com/psa/iot/1"];
const CCA_PLATFORM: &[&str] = &[
    "tag:arm.com,2025:cca_platform#1.0.0",
    "http://arm.com/cca/ssd/1",
];
const CCA_REALM: &[&str] = &[
    "tag:arm.com,2025:cca_realm#1.0.0",
    "http://arm.com/cca/realm/1",
];

/// The reference values in several CoRIMs together: a vendor's may have measurements in one and keys
/// in another. Where none names a key and the kind needs one, `keys` are taken, for which the caller
/// vouches.
///
/// # Errors
/// `UnknownProfile`; `Malformed` where together they do not name enough to compare with.
pub fn isolates(corims: &[Corim], keys: &[PublicKey]) -> Result<Isolates, AppraisalError> {
    let mut all = All::new();
    for corim in corims {
        let profile = profile(corim)?;
        for value in &corim.values {
            profile.add_value(value, &mut all)?;
        }
        for key in &corim.keys {
            profile.add_key(key, &mut all)?;
        }
    }
    if all.is_empty() {
        return Err(malformed(
            "it names no reference values that this version knows",
        ));
    }
    let mut isolates = Isolates::default();
    for (kind, mut fields) in all {
        let anchors = match kind {
            IsolateKind::Cca => "platform_keys",
            IsolateKind::Psa => "keys",
            _ => "",
        };
        if !anchors.is_empty() && !fields.has(anchors) {
            for key in keys {
                fields.add(anchors, FieldValue::Key(key.clone()));
            }
        }
        fields.put(kind, &mut isolates)?;
    }
    Ok(isolates)
}

/// How a CoRIM is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    Own,
    Psa,
    CcaPlatform,
    CcaRealm,
}

fn profile(corim: &Corim) -> Result<Profile, AppraisalError> {
    let Some(name) = corim.profile() else {
        // Files from before profiles are told by their ids.
        let environments = corim.values.iter().map(|value| &value.environment);
        let mut environments = environments.chain(corim.keys.iter().map(|key| &key.environment));
        let old = |id: &Option<ClassId>| matches!(id, Some(ClassId::PsaImplementation(_)));
        return if environments.any(|environment| old(&environment.class_id)) {
            Ok(Profile::Psa)
        } else {
            Err(unknown("none"))
        };
    };
    for (names, profile) in [
        (&[PROFILE][..], Profile::Own),
        (PSA, Profile::Psa),
        (CCA_PLATFORM, Profile::CcaPlatform),
        (CCA_REALM, Profile::CcaRealm),
    ] {
        if names.contains(&name) {
            return Ok(profile);
        }
    }
    Err(unknown(name))
}

fn unknown(found: &str) -> AppraisalError {
    AppraisalError::UnknownProfile {
        part: "CoRIM",
        expected: "Veracruz' own, or Arm's for PSA, CCA platforms and CCA realms",
        found: found.into(),
    }
}

type All = BTreeMap<IsolateKind, Fields>;

impl Profile {
    /// Adds what a reference value says.
    fn add_value(self, value: &ReferenceValue, all: &mut All) -> Result<(), AppraisalError> {
        let environment = &value.environment;
        let key = value.key.as_deref().unwrap_or_default();
        match (self, &value.value) {
            (Self::Own, found) => {
                let found = match found {
                    Value::Digest(digest) => FieldValue::Digest(*digest),
                    Value::Raw(id) => FieldValue::Id(id.clone()),
                };
                fields(all, own_kind(environment)?).add(key, found);
            }
            (Self::Psa, Value::Digest(digest)) => {
                let fields = fields(all, IsolateKind::Psa);
                fields.add("software", FieldValue::Digest(*digest));
                add_implementation(fields, environment);
            }
            (Self::CcaPlatform, Value::Digest(digest)) => {
                let fields = fields(all, IsolateKind::Cca);
                fields.add("platform_software", FieldValue::Digest(*digest));
                add_implementation(fields, environment);
            }
            (Self::CcaRealm, Value::Digest(digest)) => {
                let name = key.strip_prefix("cca.").unwrap_or(key);
                if !["rim", "rem0", "rem1", "rem2", "rem3"].contains(&name) {
                    return Err(malformed(format!("a realm has no measurement {key:?}")));
                }
                fields(all, IsolateKind::Cca).add(name, FieldValue::Digest(*digest));
            }
            // A platform's configuration and a realm's personalization value: the first no policy
            // names, and the second is the policy's own hash.
            (Self::Psa | Self::CcaPlatform | Self::CcaRealm, Value::Raw(_)) => {}
        }
        Ok(())
    }

    /// Adds what an attestation key says.
    fn add_key(self, key: &AttestationKey, all: &mut All) -> Result<(), AppraisalError> {
        let environment = &key.environment;
        let value = match &key.value {
            KeyValue::Key(key) => FieldValue::Key(key.clone()),
            KeyValue::Thumbprint(digest) => FieldValue::KeyDigest(*digest),
        };
        let (kind, field) = match self {
            Self::Own => (
                own_kind(environment)?,
                key.key.as_deref().unwrap_or_default(),
            ),
            Self::Psa => (IsolateKind::Psa, "keys"),
            Self::CcaPlatform => (IsolateKind::Cca, "platform_keys"),
            Self::CcaRealm => return Err(malformed("a realm has no attestation key of its own")),
        };
        let fields = fields(all, kind);
        fields.add(field, value);
        if self != Self::Own {
            add_implementation(fields, environment);
            if let Some(instance) = &environment.instance {
                fields.add("chip_ids", FieldValue::Id(instance.clone()));
            }
        }
        Ok(())
    }
}

fn fields(all: &mut All, kind: IsolateKind) -> &mut Fields {
    all.entry(kind).or_default()
}

/// In our own profile the class's model is a kind of isolate.
fn own_kind(environment: &Environment) -> Result<IsolateKind, AppraisalError> {
    let model = environment.model.as_deref().unwrap_or("none");
    let kinds = IsolateKind::ALL.iter().copied();
    kinds
        .into_iter()
        .find(|kind| kind.name() == model)
        .ok_or_else(|| malformed(format!("no kind of isolate is called {model:?}")))
}

fn add_implementation(fields: &mut Fields, environment: &Environment) {
    if let Some(id) = environment.class_id.as_ref().and_then(ClassId::bytes) {
        fields.add("implementation_ids", FieldValue::Id(id.into()));
    }
}
