//! Names of AWS regions. A misspelt one would be a host that does not exist, and that shows only after many calls.

use annexa_source::{Diagnostic, SourceFile, Spanned};

const AREAS: [&str; 16] = [
    "us", "us-gov", "us-iso", "us-isob", "us-isof", "eu-isoe", "eusc-de", "cn", "eu", "ap", "sa", "ca", "me", "af",
    "il", "mx",
];
const DIRECTIONS: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// The regions of today, to tell the one that was meant. A new number in a known place is no mistake.
const KNOWN: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Whether a name is `<area>-<direction>-<number>` with an area and a direction that AWS has.
pub(crate) fn is_region(name: &str) -> bool {
    let mut words = name.rsplitn(3, '-');
    let (number, direction, area) = (words.next(), words.next(), words.next());
    let is_number = |n: &str| matches!(n.len(), 1 | 2) && !n.starts_with('0') && n.bytes().all(|b| b.is_ascii_digit());
    number.is_some_and(is_number)
        && direction.is_some_and(|direction| DIRECTIONS.contains(&direction))
        && area.is_some_and(|area| AREAS.contains(&area))
}

/// An error at each name that can't be a region.
pub(super) fn errors(source: &SourceFile, regions: &[Spanned<String>]) -> Vec<Diagnostic> {
    let error = |region: &Spanned<String>| {
        let error = source.error_at(region, format!("`{}` is no AWS region", region.value));
        match annexa_source::nearest(&region.value, KNOWN) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help("such as `eu-central-1`: an area, a direction and a number"),
        }
    };
    regions.iter().filter(|region| !is_region(&region.value)).map(error).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_places_are_regions_with_any_number() {
        for region in KNOWN.into_iter().chain(["eu-central-3", "us-gov-west-2", "ap-southeast-12"]) {
            assert!(is_region(region), "{region}");
        }
        for word in
            ["", "eu", "eu-central", "eu-central-0", "eu-central-1a", "eu-centrall-1", "eo-central-1", "EU-central-1"]
        {
            assert!(!is_region(word), "{word}");
        }
    }
}
