//! [`ModulePath`]: the fields from a model down to the parameter that a visitor or mapper is visiting.

use crate::Depth;
use crate::names::checkpoint_name;

/// The path of fields below the visited module, from which follow the checkpoint's name of a parameter, its
/// layout in the checkpoint, and its depth.
#[derive(Default)]
pub(crate) struct ModulePath {
    fields: Vec<Field>,
    in_linear: bool,
}

struct Field {
    name: String,
    /// The depth of the parameters below this field.
    depth: Depth,
    /// Whether the field is the encoder's list of layers.
    is_layers: bool,
}

impl ModulePath {
    /// Goes down into the field `name` of a struct, or into the element `name` of a list. `container` is
    /// Burn's name for the type with the field.
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        let parent = self.fields.last();
        let depth = match (container, name) {
            ("Struct:BertModel", "embeddings") => Depth::Embeddings,
            ("Struct:BertModel", "pooler") => Depth::Pooler,
            _ => match (parent, name.parse()) {
                (Some(parent), Ok(index)) if parent.is_layers => Depth::Layer(index),
                (Some(parent), _) => parent.depth,
                (None, _) => Depth::Head,
            },
        };
        let is_layers = (container, name) == ("Struct:BertEncoder", "layer");
        self.fields.push(Field { name: name.to_owned(), depth, is_layers });
        self.in_linear = container == "Struct:Linear";
    }

    /// Goes back up from the field entered last.
    pub(crate) fn leave(&mut self) {
        self.fields.pop();
    }

    /// The checkpoint's name of the parameter at this path.
    pub(crate) fn name(&self) -> String {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        checkpoint_name(&names.join("."))
    }

    /// The depth of the parameter at this path.
    pub(crate) fn depth(&self) -> Depth {
        self.fields.last().map_or(Depth::Head, |field| field.depth)
    }

    /// Whether the checkpoint has the parameter transposed: a linear layer's weight is `[output, input]`
    /// there.
    pub(crate) fn is_transposed(&self) -> bool {
        self.in_linear && self.fields.last().is_some_and(|field| field.name == "weight")
    }

    /// The checkpoint's shape of the parameter at this path, whose shape in the module is `shape`.
    pub(crate) fn checkpoint_shape(&self, shape: &[usize]) -> Vec<usize> {
        let mut shape = shape.to_vec();
        if self.is_transposed() {
            shape.reverse();
        }
        shape
    }
}
