//! Request and response shapes of AWS operations, made from the service models that the PyPI package botocore carries.
//!
//! Only the operations that `crates/aws/services/*.yaml` name are kept, without documentation and enumerations.

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Writes `<out>/<service>.json` for each `<services>/<service>.yaml`, and `<out>/partitions.json`.
///
/// `models` is botocore's folder `data`.
pub(crate) fn run(models: &Path, services: &Path, out: &Path) -> Result<(), String> {
    fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let endpoints = read_json(&models.join("endpoints.json"))?;
    write(&out.join("partitions.json"), &partitions(&endpoints, &read_json(&models.join("partitions.json"))?))?;
    for file in yaml_files(services)? {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let description: Value =
            serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let service = description["service"].as_str().unwrap_or(&stem).to_owned();
        let mut operations = BTreeSet::new();
        named_operations(&description, &mut operations);
        let shapes = service_shapes(models, &service, &operations, &endpoints)?;
        write(&out.join(format!("{stem}.json")), &shapes)?;
    }
    Ok(())
}

/// Writes `<out>` as a zip of every service's reading operations: what a user's own description can name.
pub(crate) fn library(models: &Path, out: &Path) -> Result<(), String> {
    let shown = |error: &dyn std::fmt::Display| format!("{}: {error}", out.display());
    let endpoints = read_json(&models.join("endpoints.json"))?;
    let folders = fs::read_dir(models).map_err(|error| format!("{}: {error}", models.display()))?;
    let mut services: Vec<PathBuf> =
        folders.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    services.sort();
    let file = fs::File::create(out).map_err(|error| shown(&error))?;
    let mut archive = zip::ZipWriter::new(file);
    // no times: the same models give the same bytes
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(zip::DateTime::default());
    for folder in services {
        let service = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(model) = newest(models, &service).and_then(|folder| read_json(&folder.join("service-2.json"))) else {
            continue;
        };
        let names = model["operations"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let reading: BTreeSet<String> = names.filter(|name| reads(name)).collect();
        if reading.is_empty() {
            continue;
        }
        let shapes = service_shapes(models, &service, &reading, &endpoints)?;
        archive.start_file(format!("{service}.json"), options).map_err(|error| shown(&error))?;
        archive.write_all(shapes.to_string().as_bytes()).map_err(|error| shown(&error))?;
    }
    archive.finish().map_err(|error| shown(&error))?;
    Ok(())
}

/// Whether an operation's name says that it only reads; the collector has the rule in full.
fn reads(name: &str) -> bool {
    ["Get", "List", "Describe", "BatchGet", "Lookup", "Head"].iter().any(|verb| name.starts_with(verb))
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}

/// The operations that a description names: `call: X`, and the short form `fact: X` below `facts` and `shared`.
fn named_operations(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), member) {
                    ("call", Value::String(name)) => {
                        found.insert(name.clone());
                    }
                    ("facts" | "shared", Value::Object(facts)) => {
                        found.extend(facts.values().filter_map(|fact| fact.as_str().map(str::to_owned)));
                    }
                    _ => {}
                }
                named_operations(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named_operations(item, found)),
        _ => {}
    }
}

/// The folder of a service's newest model.
fn newest(models: &Path, service: &str) -> Result<PathBuf, String> {
    let versions = fs::read_dir(models.join(service)).map_err(|error| format!("no service `{service}`: {error}"))?;
    let mut versions: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort();
    versions.pop().ok_or_else(|| format!("service `{service}` has no version"))
}

/// The newest model of a service, cut down to some operations.
fn service_shapes(models: &Path, service: &str, wanted: &BTreeSet<String>, endpoints: &Value) -> Result<Value, String> {
    let folder = newest(models, service)?;
    let model = read_json(&folder.join("service-2.json"))?;
    let mut pages = read_json(&folder.join("paginators-1.json")).unwrap_or_default();
    if let Ok(extras) = read_json(&folder.join("paginators-1.sdk-extras.json")) {
        merge(&mut pages, extras["merge"].clone());
    }
    let mut operations = BTreeMap::new();
    let mut kept = Kept { model: &model, shapes: BTreeMap::new() };
    for name in wanted {
        let operation = &model["operations"][name];
        if operation.is_null() {
            return Err(format!("service `{service}` has no operation `{name}`"));
        }
        operations.insert(name.clone(), operation_shape(operation, &pages["pagination"][name], &mut kept));
    }
    let metadata = &model["metadata"];
    let text = |key: &str| metadata[key].clone();
    let prefix = metadata["endpointPrefix"].as_str().unwrap_or(service);
    let mut result = json!({
        "service": service,
        "source": format!("botocore {} {}", botocore_version(models), metadata["uid"].as_str().unwrap_or(service)),
        "title": text("serviceFullName"),
        "protocol": protocol(metadata),
        "api_version": text("apiVersion"),
        "endpoint_prefix": prefix,
        "signing_name": metadata["signingName"].as_str().unwrap_or(prefix),
        "json_version": text("jsonVersion"),
        "target_prefix": text("targetPrefix"),
        "hosts": hosts(endpoints, prefix),
        "operations": operations,
        "shapes": kept.shapes,
    });
    drop_empty(&mut result);
    Ok(result)
}

/// The first protocol that the collector speaks; newer ones are always offered beside an older one.
fn protocol(metadata: &Value) -> Value {
    let offered: Vec<&str> = metadata["protocols"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let spoken = ["json", "rest-json", "rest-xml", "query", "ec2"].into_iter().find(|known| offered.contains(known));
    spoken.map_or_else(|| metadata["protocol"].clone(), Value::from)
}

fn operation_shape(operation: &Value, pages: &Value, kept: &mut Kept<'_>) -> Value {
    let mut result = json!({
        "method": operation["http"]["method"],
        "uri": operation["http"]["requestUri"],
        "input": kept.keep(operation["input"]["shape"].as_str()),
        "output": kept.keep(operation["output"]["shape"].as_str()),
        "result_wrapper": operation["output"]["resultWrapper"],
        "host_prefix": operation["endpoint"]["hostPrefix"],
        "page": {
            "input": list(&pages["input_token"]),
            "output": list(&pages["output_token"]),
            "more": pages["more_results"],
            "items": list(&pages["result_key"]),
        },
    });
    drop_empty(&mut result);
    result
}

/// The shapes that the kept operations reach. Scalars stand in their members, without a shape of their own.
struct Kept<'a> {
    model: &'a Value,
    shapes: BTreeMap<String, Value>,
}

impl Kept<'_> {
    fn keep(&mut self, name: Option<&str>) -> Option<String> {
        let name = name?;
        if let Some(scalar) = scalar(&self.model["shapes"][name]) {
            return Some(scalar.to_owned());
        }
        if self.shapes.contains_key(name) {
            return Some(name.to_owned());
        }
        self.shapes.insert(name.to_owned(), Value::Null);
        let shape = self.model["shapes"][name].clone();
        let mut result = match shape["type"].as_str() {
            Some("list") => json!({"list": self.member(&shape["member"]), "flattened": shape["flattened"]}),
            Some("map") => json!({
                "key": self.member(&shape["key"]), "value": self.member(&shape["value"]), "flattened": shape["flattened"],
            }),
            _ => {
                let members = shape["members"].as_object().cloned().unwrap_or_default();
                let members: Map<String, Value> =
                    members.iter().map(|(name, member)| (name.clone(), self.member(member))).collect();
                json!({"members": members, "required": shape["required"], "payload": shape["payload"]})
            }
        };
        result["sensitive"] = shape["sensitive"].clone();
        let structure = result.get("members").is_some();
        drop_empty(&mut result);
        if structure && result.get("members").is_none() {
            result["members"] = json!({});
        }
        self.shapes.insert(name.to_owned(), result);
        Some(name.to_owned())
    }

    /// A reference to a shape: its name alone, or with what the place adds.
    fn member(&mut self, member: &Value) -> Value {
        let target = &self.model["shapes"][member["shape"].as_str().unwrap_or_default()];
        let from_target = |key: &str| if member[key].is_null() { target[key].clone() } else { member[key].clone() };
        let name = self.keep(member["shape"].as_str());
        let target_is_scalar = scalar(target).is_some();
        let mut result = json!({
            "shape": name,
            "name": member["locationName"],
            "in": member["location"],
            "flattened": member["flattened"],
            "attribute": member["xmlAttribute"],
            "query_name": member["queryName"],
            "namespace": member["xmlNamespace"]["uri"],
            "timestamp": from_target("timestampFormat"),
            "sensitive": if target_is_scalar { from_target("sensitive") } else { member["sensitive"].clone() },
        });
        drop_empty(&mut result);
        match result.as_object() {
            Some(members) if members.len() == 1 => result["shape"].take(),
            _ => result,
        }
    }
}

fn scalar(shape: &Value) -> Option<&'static str> {
    match shape["type"].as_str()? {
        "string" | "character" => Some("string"),
        "integer" | "long" | "short" | "byte" | "biginteger" => Some("integer"),
        "double" | "float" | "bigdecimal" => Some("double"),
        "boolean" => Some("boolean"),
        "timestamp" => Some("timestamp"),
        "blob" => Some("blob"),
        "structure" if shape["document"] == true => Some("document"),
        _ => None,
    }
}

/// Hosts of a service that are not `<prefix>.<region>.<suffix>`: by partition for a service without regions, by region otherwise.
fn hosts(endpoints: &Value, prefix: &str) -> Value {
    let mut hosts = BTreeMap::new();
    for partition in endpoints["partitions"].as_array().into_iter().flatten() {
        let name = partition["partition"].as_str().unwrap_or_default();
        let suffix = partition["dnsSuffix"].as_str().unwrap_or_default();
        let service = &partition["services"][prefix];
        if service["isRegionalized"] == false {
            let endpoint = &service["endpoints"][service["partitionEndpoint"].as_str().unwrap_or_default()];
            if let Some(host) = endpoint["hostname"].as_str() {
                hosts.insert(name.to_owned(), json!({"host": host, "region": endpoint["credentialScope"]["region"]}));
            }
            continue;
        }
        for (region, _) in partition["regions"].as_object().into_iter().flatten() {
            let host = service["endpoints"][region]["hostname"].as_str();
            if let Some(host) = host.filter(|host| *host != format!("{prefix}.{region}.{suffix}")) {
                hosts.insert(region.clone(), json!({"host": host}));
            }
        }
    }
    json!(hosts)
}

/// Each partition: its name, its DNS suffix, which regions belong to it, and the one where global services sign.
fn partitions(endpoints: &Value, partitions: &Value) -> Value {
    let mut result = BTreeMap::new();
    for partition in partitions["partitions"].as_array().into_iter().flatten() {
        let id = partition["id"].as_str().unwrap_or_default();
        let regions = partition["regions"].as_object().into_iter().flatten();
        let regions: Vec<&String> =
            regions.map(|(region, _)| region).filter(|region| !region.ends_with("-global")).collect();
        let global = endpoints["partitions"].as_array().into_iter().flatten().find(|known| known["partition"] == id);
        let iam = global.map(|known| &known["services"]["iam"]);
        let signing = iam.and_then(|iam| {
            let endpoint = iam["partitionEndpoint"].as_str()?;
            iam["endpoints"][endpoint]["credentialScope"]["region"].as_str()
        });
        result.insert(
            id.to_owned(),
            json!({
                "dns_suffix": partition["outputs"]["dnsSuffix"],
                "global_region": signing.or(partition["outputs"]["implicitGlobalRegion"].as_str()),
                "regions": regions,
            }),
        );
    }
    json!(result)
}

fn list(value: &Value) -> Value {
    match value {
        Value::Null | Value::Array(_) => value.clone(),
        one => json!([one]),
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Takes out what says nothing: null, false, empty lists and objects.
fn drop_empty(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| match member {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(inner) => {
                inner.retain(|_, value| !value.is_null());
                !inner.is_empty()
            }
            _ => true,
        });
    }
}

fn botocore_version(models: &Path) -> String {
    let init = models.parent().map(|folder| folder.join("__init__.py"));
    let text = init.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let version = text.lines().find_map(|line| line.strip_prefix("__version__ = "));
    version.unwrap_or("?").trim_matches(['\'', '"']).to_owned()
}

/// Reads a JSON file, or the same compressed by gzip.
fn read_json(path: &Path) -> Result<Value, String> {
    let shown = path.display();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(_) => {
            let packed = fs::File::open(format!("{shown}.gz")).map_err(|error| format!("{shown}: {error}"))?;
            let mut bytes = Vec::new();
            GzDecoder::new(packed).read_to_end(&mut bytes).map_err(|error| format!("{shown}.gz: {error}"))?;
            bytes
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| format!("{shown}: {error}"))
}

/// Writes one operation or shape a line, so that a change of a model reads as a small difference.
fn write(path: &Path, value: &Value) -> Result<(), String> {
    let mut text = String::from("{");
    let mut comma = "";
    for (key, member) in value.as_object().into_iter().flatten() {
        text.push_str(&format!("{comma}\n{}: ", json!(key)));
        comma = ",";
        match member {
            Value::Object(inner) if key == "operations" || key == "shapes" => {
                let lines: Vec<String> =
                    inner.iter().map(|(name, value)| format!(" {}: {value}", json!(name))).collect();
                text.push_str(&format!("{{\n{}\n}}", lines.join(",\n")));
            }
            other => text.push_str(&other.to_string()),
        }
    }
    text.push_str("\n}\n");
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
