//! Avro's JSON of a schema to its nodes, as Java's parser reads it, within bounds.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::node::{Annotation, AvroField, AvroNode, AvroRecord, AvroTimeUnit, NodeId, Primitive};

/// Reads one schema.
pub(super) struct SchemaParser {
    nodes: Vec<AvroNode>,
    /// Types by their full names.
    named: HashMap<String, NodeId>,
}

impl SchemaParser {
    /// The nodes and which of them is the schema: the last, which may name types of those before it.
    pub(super) fn parse(schemas: &[Json]) -> Result<(Vec<AvroNode>, NodeId), String> {
        let mut parser = Self { nodes: Vec::new(), named: HashMap::new() };
        let mut root = NodeId(0);
        for schema in schemas {
            root = parser.node(schema, "", 0)?;
        }
        if parser.nodes.is_empty() { Err("there is none".to_owned()) } else { Ok((parser.nodes, root)) }
    }

    fn node(&mut self, json: &Json, namespace: &str, depth: usize) -> Result<NodeId, String> {
        if depth > DEPTH_MAX || self.nodes.len() > NODES_MAX {
            return Err(format!("it holds more than {NODES_MAX} types, or {DEPTH_MAX} within each other"));
        }
        match json {
            Json::String(name) => self.named(name, namespace),
            Json::Array(branches) => self.union(branches, namespace, depth),
            Json::Object(object) => match &object.get("type") {
                Some(Json::String(kind)) => self.object(kind, json, namespace, depth),
                Some(inner @ (Json::Object(_) | Json::Array(_))) => self.node(inner, namespace, depth + 1),
                _ => Err("a type in it has no \"type\"".to_owned()),
            },
            _ => Err("a type in it is neither a name, nor an object, nor a union".to_owned()),
        }
    }

    fn push(&mut self, node: AvroNode) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    fn named(&mut self, name: &str, namespace: &str) -> Result<NodeId, String> {
        if let Some(primitive) = Primitive::named(name) {
            return Ok(self.push(AvroNode::Primitive(primitive, None)));
        }
        let found = self.named.get(&full_name(name, namespace)).or_else(|| self.named.get(name));
        found.copied().ok_or_else(|| format!("it does not define the type {}", excerpt(name)))
    }

    fn union(&mut self, branches: &[Json], namespace: &str, depth: usize) -> Result<NodeId, String> {
        let mut nodes = Vec::with_capacity(branches.len());
        for branch in branches {
            if branch.is_array() {
                return Err("a union in it holds a union".to_owned());
            }
            nodes.push(self.node(branch, namespace, depth + 1)?);
        }
        Ok(self.push(AvroNode::Union(nodes.into())))
    }

    fn object(&mut self, kind: &str, json: &Json, namespace: &str, depth: usize) -> Result<NodeId, String> {
        match kind {
            "record" | "error" => self.record(json, namespace, depth),
            "enum" => {
                let name = own_name(json, namespace)?;
                let symbols = texts(&json["symbols"]);
                let default = json["default"].as_str().map(Into::into);
                let node = AvroNode::Enum { name: name.clone().into(), symbols: symbols.into(), default };
                self.define(name, node)
            }
            "fixed" => {
                let name = own_name(json, namespace)?;
                let size = json["size"].as_u64().and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or_else(|| format!("its fixed type {} has no size", excerpt(&name)))?;
                let annotation = annotation(json);
                self.define(name.clone(), AvroNode::Fixed { name: name.into(), size, annotation })
            }
            "array" => {
                let item = self.node(&json["items"], namespace, depth + 1)?;
                Ok(self.push(AvroNode::Array(item)))
            }
            "map" => {
                let value = self.node(&json["values"], namespace, depth + 1)?;
                Ok(self.push(AvroNode::Map(value)))
            }
            name => match Primitive::named(name) {
                Some(primitive) => Ok(self.push(AvroNode::Primitive(primitive, annotation(json)))),
                None => self.named(name, namespace),
            },
        }
    }

    fn record(&mut self, json: &Json, namespace: &str, depth: usize) -> Result<NodeId, String> {
        let name = own_name(json, namespace)?;
        let inner_namespace = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        let empty = AvroRecord { name: name.clone().into(), fields: Box::new([]) };
        let id = self.define(name.clone(), AvroNode::Record(empty))?;
        let Json::Array(members) = &json["fields"] else {
            return Err(format!("its record {} has no fields", excerpt(&name)));
        };
        let mut fields: Vec<AvroField> = Vec::with_capacity(members.len());
        let mut seen = std::collections::HashSet::new();
        for member in members {
            let field = member["name"].as_str().unwrap_or_default();
            valid_name(field)?;
            if !seen.insert(field) {
                return Err(format!("its record {} has the field {field} twice", excerpt(&name)));
            }
            fields.push(AvroField {
                name: field.into(),
                aliases: texts(&member["aliases"]).into(),
                node: self.node(&member["type"], &inner_namespace, depth + 1)?,
                default: member.get("default").cloned(),
            });
        }
        self.nodes[id.0] = AvroNode::Record(AvroRecord { name: name.into(), fields: fields.into() });
        Ok(id)
    }

    fn define(&mut self, name: String, node: AvroNode) -> Result<NodeId, String> {
        let id = self.push(node);
        match self.named.insert(name, id) {
            None => Ok(id),
            Some(_) => Err(format!("it defines the type {} twice", self.name_of(id))),
        }
    }

    fn name_of(&self, id: NodeId) -> String {
        match &self.nodes[id.0] {
            AvroNode::Record(AvroRecord { name, .. })
            | AvroNode::Enum { name, .. }
            | AvroNode::Fixed { name, .. } => excerpt(name),
            _ => String::new(),
        }
    }
}

/// The full name of a type that is defined here.
fn own_name(json: &Json, namespace: &str) -> Result<String, String> {
    let name = json["name"].as_str().ok_or("a record, enum or fixed type in it has no name")?;
    let name = match json["namespace"].as_str() {
        Some(own) => full_name(name, own),
        None => full_name(name, namespace),
    };
    name.split('.').try_for_each(valid_name)?;
    Ok(name)
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

/// Letters, digits and underscores, no digit in front; Java takes the letters of every language.
fn valid_name(name: &str) -> Result<(), String> {
    let first = name.chars().next();
    let begins = first.is_some_and(|first| first.is_alphabetic() || first == '_');
    if begins && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(format!("{} is no name in Avro: letters, digits and underscores, no digit in front", excerpt(name)))
}

fn annotation(json: &Json) -> Option<Annotation> {
    Some(match json["logicalType"].as_str()? {
        "date" => Annotation::Date,
        "time-millis" => Annotation::Time(AvroTimeUnit::Millis),
        "time-micros" => Annotation::Time(AvroTimeUnit::Micros),
        "timestamp-millis" => Annotation::Timestamp(AvroTimeUnit::Millis),
        "timestamp-micros" => Annotation::Timestamp(AvroTimeUnit::Micros),
        "timestamp-nanos" => Annotation::Timestamp(AvroTimeUnit::Nanos),
        "local-timestamp-millis" => Annotation::LocalTimestamp(AvroTimeUnit::Millis),
        "local-timestamp-micros" => Annotation::LocalTimestamp(AvroTimeUnit::Micros),
        "local-timestamp-nanos" => Annotation::LocalTimestamp(AvroTimeUnit::Nanos),
        "decimal" => {
            let precision = u8::try_from(json["precision"].as_u64()?).ok()?;
            let scale = u8::try_from(json["scale"].as_u64().unwrap_or(0)).ok()?;
            Annotation::Decimal { precision, scale }
        }
        _ => return None,
    })
}

fn texts(json: &Json) -> Vec<Box<str>> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(Into::into).collect()
}

/// A name as an error shows it.
fn excerpt(name: &str) -> String {
    format!("'{}'", name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect::<String>())
}

/// Types within types.
const DEPTH_MAX: usize = 64;
/// Types of one schema.
const NODES_MAX: usize = 20_000;
const NAME_CHARS_MAX: usize = 60;
