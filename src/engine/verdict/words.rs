//! A finding in words that a first-line support takes.

use super::evidence::Evidence;
use super::finding::{Finding, Kind};

/// Fills in the texts of a finding and its secondary ones.
pub fn word(finding: &mut Finding, _evidence: &Evidence) {
    finding.brief = finding.kind.name().to_owned();
    let _ = Kind::Clean;
}
