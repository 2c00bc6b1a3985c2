//! [`ModuleTree`] and [`PartCount`]: the parts of a model with their shapes, counts and trainable parameters.

use std::fmt;

use burn::module::Module;
use num_format::{Locale, ToFormattedString as _};

use crate::{Depth, NamedParameter, named_parameters};

/// The number of parameters in a part of the model. Every element of a tensor counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartCount {
    /// `embeddings`, `encoder.layer.N`, `pooler`, or the first part of the head's names, as in `classifier`.
    pub name: String,
    /// The number of the part's parameters.
    pub parameters: usize,
    /// The number of the part's trainable parameters.
    pub trainable: usize,
}

impl PartCount {
    /// The number of the part's frozen parameters.
    pub fn frozen(&self) -> usize {
        self.parameters - self.trainable
    }
}

/// The parameter counts of each part, from the embeddings up to the head.
pub fn part_counts<M: Module>(model: &M) -> Vec<PartCount> {
    let mut parts: Vec<PartCount> = Vec::new();
    for parameter in named_parameters(model) {
        let name = match parameter.depth {
            Depth::Layer(layer) => format!("encoder.layer.{layer}"),
            Depth::Embeddings | Depth::Pooler => parameter.depth.to_string(),
            Depth::Head => parameter.name.split('.').next().unwrap_or(&parameter.name).to_owned(),
        };
        if parts.last().is_none_or(|part| part.name != name) {
            parts.push(PartCount { name, parameters: 0, trainable: 0 });
        }
        if let Some(part) = parts.last_mut() {
            part.parameters += parameter.elements();
            part.trainable += if parameter.trainable { parameter.elements() } else { 0 };
        }
    }
    parts
}

/// A module with its submodules and parameters, by the checkpoint's names. [`fmt::Display`] draws the tree,
/// with equal layers drawn once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleTree {
    /// The last part of the name: `query`, `0`, `weight`.
    pub name: String,
    /// A parameter's shape, as the checkpoint has it; `None` for a module.
    pub shape: Option<Vec<usize>>,
    /// The number of parameters in the module. Every element of a tensor counts.
    pub parameters: usize,
    /// The number of trainable parameters.
    pub trainable: usize,
    /// Submodules and parameters, in the checkpoint's order.
    pub children: Vec<ModuleTree>,
}

/// The tree of all parameters, under a root with the name `model`.
pub fn module_tree<M: Module>(model: &M) -> ModuleTree {
    let mut root = ModuleTree::module("model");
    for parameter in named_parameters(model) {
        let parts: Vec<&str> = parameter.name.split('.').collect();
        root.insert(&parts, &parameter);
    }
    root
}

impl ModuleTree {
    fn module(name: &str) -> Self {
        Self { name: name.to_owned(), shape: None, parameters: 0, trainable: 0, children: Vec::new() }
    }

    fn insert(&mut self, path: &[&str], parameter: &NamedParameter) {
        self.parameters += parameter.elements();
        self.trainable += if parameter.trainable { parameter.elements() } else { 0 };
        let Some((name, rest)) = path.split_first() else {
            self.shape = Some(parameter.shape.clone());
            return;
        };
        // Parameters come module by module, so that only the last child can have the name.
        if self.children.last().is_none_or(|child| child.name != *name) {
            self.children.push(Self::module(name));
        }
        if let Some(child) = self.children.last_mut() {
            child.insert(rest, parameter);
        }
    }

    /// Whether the two modules differ only in their names.
    fn looks_like(&self, other: &Self) -> bool {
        self.shape == other.shape && self.trainable == other.trainable && self.children == other.children
    }

    /// Whether the module has parameters and no submodules.
    fn is_layer(&self) -> bool {
        self.children.iter().all(|child| child.shape.is_some())
    }

    fn draw(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let mut rest = self.children.as_slice();
        while let Some((first, _)) = rest.split_first() {
            // Consecutive numbered modules, the encoder's layers, are drawn once if they look alike.
            let numbered = |child: &&Self| child.name.parse::<usize>().is_ok() && child.looks_like(first);
            let same = rest.iter().take_while(numbered).count().max(1);
            let name = match same {
                1 => first.name.clone(),
                _ => format!("{} to {}, each", first.name, rest[same - 1].name),
            };
            rest = &rest[same..];
            let (branch, below) = if rest.is_empty() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            writeln!(f, "{indent}{branch}{name}: {}", first.summary())?;
            if !first.is_layer() {
                first.draw(f, &format!("{indent}{below}"))?;
            }
        }
        Ok(())
    }

    /// The module's parameters, as in `weight [384, 384], bias [384]: 147,840, frozen`; for a module with
    /// submodules only their number.
    fn summary(&self) -> String {
        let parts = if self.is_layer() { self.children.as_slice() } else { &[] };
        let shapes: Vec<String> = parts
            .iter()
            .filter_map(|part| Some(format!("{} {:?}", part.name, part.shape.as_ref()?)))
            .collect();
        let separator = if shapes.is_empty() { "" } else { ": " };
        let trained = match self.trainable {
            0 => ", frozen".to_owned(),
            all if all == self.parameters => String::new(),
            some => format!(", {} of them trainable", grouped(some)),
        };
        format!("{}{separator}{}{trained}", shapes.join(", "), grouped(self.parameters))
    }
}

impl fmt::Display for ModuleTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parameters, trainable) = (grouped(self.parameters), grouped(self.trainable));
        writeln!(f, "{}: {parameters} parameters, {trainable} trainable", self.name)?;
        self.draw(f, "")
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: usize) -> String {
    number.to_formatted_string(&Locale::en)
}
