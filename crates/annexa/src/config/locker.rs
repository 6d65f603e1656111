//! `locker:`: the bucket that bundles go to, and how long they stay there.

use annexa_locker::{LockerSettings, Retain, RetainMode};
use annexa_source::{Diagnostic, SourceFile, Spanned};
use serde::Deserialize;

/// A hundred years; more is a mistake that nobody could undo in compliance mode.
const MOST_DAYS: u32 = 36_500;

/// Where `s3://…` is, and what is asked for a bundle there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LockerConfig {
    pub settings: LockerSettings,
    pub retain: Option<Retain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLocker {
    #[serde(default)]
    endpoint_url: Option<Spanned<String>>,
    #[serde(default)]
    region: Option<Spanned<String>>,
    #[serde(default)]
    retain: Option<RawRetain>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetain {
    mode: Spanned<RetainMode>,
    days: Spanned<u32>,
}

impl RawLocker {
    pub(crate) fn check(self, source: &SourceFile, errors: &mut Vec<Diagnostic>) -> LockerConfig {
        if let Some(url) = &self.endpoint_url {
            let is_url = ["https://", "http://"].iter().any(|scheme| url.value.starts_with(scheme));
            if !is_url {
                errors.push(source.error_at(url, "an endpoint begins with https:// (or http://)"));
            }
            if url.value.contains('@') {
                let error = source.error_at(url, "an endpoint holds no user or password");
                errors.push(error.with_help("credentials come from AWS's own chain"));
            }
        }
        if let Some(days) = self.retain.as_ref().map(|r| &r.days).filter(|d| !(1..=MOST_DAYS).contains(&d.value)) {
            errors.push(source.error_at(days, format!("`days` is a number from 1 to {MOST_DAYS}")));
        }
        LockerConfig {
            settings: LockerSettings {
                endpoint_url: self.endpoint_url.map(|url| url.value),
                region: self.region.map(|region| region.value),
            },
            retain: self.retain.map(|retain| Retain { mode: retain.mode.value, days: retain.days.value }),
        }
    }
}
