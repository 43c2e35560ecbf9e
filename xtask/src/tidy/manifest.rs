//! Rules of the crates' manifests: shared dependencies, layers, features.

use super::{Finding, SourceFile};
use crate::ci::FEATURE_SETS;
use toml::{Table, Value};

/// Which of our crates each of our crates may use. Arrows point down only; what a crate is tested with is free.
const LAYERS: &[(&str, &[&str])] = &[
    ("simd", &[]),
    ("plan", &[]),
    ("fits", &[]),
    ("stats", &["simd"]),
    ("reject", &["stats", "simd"]),
    ("reference", &["reject"]),
    ("combine", &["reject", "stats", "simd", "plan"]),
    ("cuda", &["combine", "plan", "reject"]),
    ("skystack", &["fits", "cuda", "combine", "plan", "reject", "stats", "simd", "reference"]),
    ("cli", &["skystack"]),
];

const SECTIONS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// All rules on one manifest.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let manifest: Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![file.finding(1, &format!("not a manifest: {error}"))],
    };
    let rules = [shared_dependencies, layers, features_are_checked];
    rules.iter().flat_map(|rule| rule(file, &manifest)).collect()
}

/// A dependency as a manifest declares it.
struct Dependency<'a> {
    section: &'static str,
    name: &'a str,
    value: &'a Value,
}

/// Those of the plain sections and of `[target.'cfg(..)'.*]`.
fn dependencies(manifest: &Table) -> Vec<Dependency<'_>> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = targets.into_iter().flat_map(|table| table.values().filter_map(Value::as_table));
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(tables) {
        for section in SECTIONS {
            let Some(entries) = table.get(*section).and_then(Value::as_table) else { continue };
            found.extend(entries.iter().map(|(name, value)| Dependency { section, name, value }));
        }
    }
    found
}

fn shared_dependencies(file: &SourceFile, manifest: &Table) -> Vec<Finding> {
    let shared = |value: &Value| value.get("workspace").and_then(Value::as_bool) == Some(true);
    dependencies(manifest)
        .iter()
        .filter(|dependency| !shared(dependency.value))
        .map(|dependency| {
            let message = format!(
                "{} must say `workspace = true`; its version stands in the root manifest",
                dependency.name
            );
            file.finding(line_of(&file.text, dependency.name), &message)
        })
        .collect()
}

fn layers(file: &SourceFile, manifest: &Table) -> Vec<Finding> {
    let Some(folder) = file.path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
    else {
        return Vec::new();
    };
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == folder) else {
        return vec![file.finding(1, &format!("{folder} has no row in the table of layers of xtask"))];
    };
    dependencies(manifest)
        .iter()
        .filter(|dependency| dependency.section != "dev-dependencies")
        .filter_map(|dependency| Some((dependency.name, layer_of(dependency.name)?)))
        .filter(|(_, layer)| !allowed.contains(layer))
        .map(|(name, _)| {
            let list = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
            file.finding(
                line_of(&file.text, name),
                &format!("{folder} may not depend on {name}; allowed: {list}"),
            )
        })
        .collect()
}

fn layer_of(package: &str) -> Option<&str> {
    if package == "skystack" { Some(package) } else { package.strip_prefix("skystack-") }
}

/// A feature that no check builds rots.
fn features_are_checked(file: &SourceFile, manifest: &Table) -> Vec<Finding> {
    let package =
        manifest.get("package").and_then(|table| table.get("name")).and_then(Value::as_str).unwrap_or("");
    let checked =
        |feature: &str| FEATURE_SETS.iter().any(|(owner, set)| *owner == package && set.contains(&feature));
    feature_names(manifest)
        .filter(|feature| *feature != "default" && !checked(feature))
        .map(|feature| {
            let message =
                format!("feature {feature:?} of {package} is in no row of FEATURE_SETS of xtask's ci");
            file.finding(line_of(&file.text, feature), &message)
        })
        .collect()
}

/// The names under `[features]`.
pub(crate) fn feature_names(manifest: &Table) -> impl Iterator<Item = &str> {
    let features = manifest.get("features").and_then(Value::as_table);
    features.into_iter().flat_map(|table| table.keys().map(String::as_str))
}

/// The line that declares a name, whether as a key or as a table of its own.
fn line_of(text: &str, name: &str) -> usize {
    let declares = |line: &str| {
        let key = line.trim().trim_start_matches('"');
        let rest = key.strip_prefix(name).map(|rest| rest.trim_start_matches('"').trim_start());
        rest.is_some_and(|rest| rest.starts_with(['.', '=']))
            || key.ends_with(&format!("dependencies.{name}]"))
    };
    text.lines().position(declares).map_or(1, |row| row + 1)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::SourceFile;

    fn findings(folder: &str, body: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"skystack-{folder}\"\n{body}");
        let file = SourceFile { path: format!("crates/{folder}/Cargo.toml"), text };
        check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_clean_manifest_has_no_findings() {
        let body = "[dependencies]\nskystack-stats.workspace = true\nrayon = { workspace = true, optional = true }\n";
        assert_eq!(findings("reject", body), [""; 0]);
    }

    #[test]
    fn a_version_of_its_own_is_found_with_its_line() {
        for (body, line) in [
            ("[dependencies]\nwide = \"1.7\"\n", 4),
            ("[dev-dependencies]\nwide = { version = \"1.7\" }\n", 4),
            ("[dependencies.wide]\nversion = \"1.7\"\n", 3),
            ("[target.'cfg(unix)'.dependencies]\nwide = \"1.7\"\n", 4),
        ] {
            let found = findings("simd", body);
            assert_eq!(found.len(), 1, "{body}");
            assert!(found[0].starts_with(&format!("crates/simd/Cargo.toml:{line}: wide must")), "{found:?}");
        }
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let found = findings("stats", "[dependencies]\nskystack-reject.workspace = true\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains(":4: stats may not depend on skystack-reject; allowed: simd"), "{found:?}");
        assert_eq!(findings("fits", "[build-dependencies]\nskystack.workspace = true\n").len(), 1);
    }

    #[test]
    fn tests_may_use_any_crate() {
        assert_eq!(findings("stats", "[dev-dependencies]\nskystack-reference.workspace = true\n"), [""; 0]);
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert_eq!(findings("novel", "").len(), 1);
    }

    #[test]
    fn a_feature_that_ci_does_not_build_is_found() {
        assert_eq!(findings("fits", "[features]\ndefault = []\nfitsrs = []\n"), [""; 0]);
        let found = findings("fits", "[features]\nother = []\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("Cargo.toml:4: feature \"other\""), "{found:?}");
    }

    #[test]
    fn nonsense_is_a_finding() {
        assert_eq!(findings("fits", "not toml").len(), 1);
    }
}
