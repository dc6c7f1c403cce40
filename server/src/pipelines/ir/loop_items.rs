//! Items of loops, parts of them, and parameters of the pipeline, that the SDK's compiler does not hand down to where they are used.
//!
//! It compiles `dsl.Else` on a part of an item, and texts with items in loops and conditions, to tasks that take what the DAG around them does not
//! have, and takes an item for an input of the pipeline or an output of a task. Its names say what is meant: `pipelinechannel--X` is an item X,
//! `X-subvar-k` its part k. What is missing is taken from the scopes around, as `kfp.local` looks it up; what no scope has is an item of a loop
//! further in, and is not handed down. What else comes from around a loop over a list of its own, it hands to that loop and not to one within it
//! (`pipelinechannel--Y`, a parameter Y). All that cannot be put right stays as it is, and is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Expression, InputParameter, Iterator, ParameterFrom, ParameterSource, ParameterType, Pipeline};

const CHANNEL: &str = "pipelinechannel--";
const PART: &str = "-subvar-";
/// Most steps: a pipeline that contains itself, which is refused later, would have no end of them.
const MOST: usize = 100_000;

/// Whether the compiler calls an item of a loop so, or a part of one.
pub(super) fn is_item(name: &str) -> bool {
    name.contains("loop-item")
}

/// Whether the compiler made a DAG of this name, of a loop, a choice or an exit handler.
fn is_made(scope: &Scope) -> bool {
    let made = ["comp-for-loop-", "comp-condition-", "comp-exit-handler-"];
    scope.as_deref().is_some_and(|name| made.iter().any(|start| name.starts_with(start)))
}

/// Hands them down to where they are used.
pub(super) fn hand_down(pipeline: &mut Pipeline) {
    let mut scopes = Scopes::of(pipeline);
    let all: Vec<Scope> = std::iter::once(None).chain(scopes.pipeline.components.keys().cloned().map(Some)).collect();
    let mut loose: Vec<Loose> = all.iter().rev().flat_map(|scope| scopes.loose(scope)).collect();
    for _ in 0..MOST {
        let Some(next) = loose.pop() else { return };
        loose.extend(scopes.put_right(&next));
    }
}

/// Name of a component with tasks; none: the root.
type Scope = Option<String>;

/// An input of a task that is given what is not there.
struct Loose {
    scope: Scope,
    task: String,
    input: String,
}

struct Scopes<'a> {
    pipeline: &'a mut Pipeline,
    /// Where a component is used: the DAG and the task.
    uses: BTreeMap<String, Vec<(Scope, String)>>,
}

impl<'a> Scopes<'a> {
    fn of(pipeline: &'a mut Pipeline) -> Self {
        let mut uses: BTreeMap<String, Vec<(Scope, String)>> = BTreeMap::new();
        let named = pipeline.components.iter().map(|(name, component)| (Some(name.clone()), component));
        for (scope, component) in named.chain([(None, &pipeline.root)]) {
            for (key, task) in component.dag().into_iter().flat_map(|dag| &dag.tasks) {
                uses.entry(task.component.clone()).or_default().push((scope.clone(), key.clone()));
            }
        }
        Self { pipeline, uses }
    }

    fn component(&self, scope: &Scope) -> Option<&Component> {
        match scope {
            Some(name) => self.pipeline.components.get(name),
            None => Some(&self.pipeline.root),
        }
    }

    fn component_mut(&mut self, scope: &Scope) -> Option<&mut Component> {
        match scope {
            Some(name) => self.pipeline.components.get_mut(name),
            None => Some(&mut self.pipeline.root),
        }
    }

    fn parameters_mut(&mut self, scope: &Scope, task: &str) -> Option<&mut BTreeMap<String, ParameterSource>> {
        match &mut self.component_mut(scope)?.body {
            super::Body::Dag(dag) => dag.tasks.get_mut(task).map(|task| &mut task.parameters),
            super::Body::Executor(_) => None,
        }
    }

    /// Inputs of tasks of a DAG that are given an item which the DAG does not have.
    fn loose(&self, scope: &Scope) -> Vec<Loose> {
        let mut out = Vec::new();
        let Some((outer, dag)) = self.component(scope).and_then(|c| Some((c, c.dag()?))) else { return out };
        for (key, task) in &dag.tasks {
            for (input, source) in &task.parameters {
                let missing = match &source.from {
                    ParameterFrom::Input(name) => {
                        (is_item(name) || (name.starts_with(CHANNEL) && is_made(scope))) && !outer.parameters.contains_key(name)
                    }
                    ParameterFrom::Task(of) if is_item(&of.key) => {
                        let producer = dag.tasks.get(&of.task).and_then(|task| self.pipeline.component_of(task));
                        producer.is_some_and(|producer| !producer.output_parameters.contains_key(&of.key))
                    }
                    _ => false,
                };
                if missing {
                    out.push(Loose { scope: scope.clone(), task: key.clone(), input: input.clone() });
                }
            }
        }
        out
    }

    /// Gives an input what is meant, or takes it away; what is loose then.
    fn put_right(&mut self, of: &Loose) -> Vec<Loose> {
        let Some(source) = self.parameters_mut(&of.scope, &of.task).and_then(|given| given.get(&of.input)).cloned() else {
            return Vec::new();
        };
        let item = match &source.from {
            ParameterFrom::Input(name) if name.starts_with(CHANNEL) => name.clone(),
            _ => of.input.clone(),
        };
        if !item.starts_with(CHANNEL) {
            return Vec::new();
        }
        if self.provide(&of.scope, &item, &mut BTreeSet::new()).is_some()
            && let Some(mut meant) = self.component(&of.scope).and_then(|outer| here(outer, &item)).map(|(source, _)| source)
        {
            match (&meant.selector, source.selector) {
                // A part of a part: the compiler makes none.
                (Some(_), Some(_)) => return Vec::new(),
                (None, selector) => meant.selector = selector,
                (Some(_), None) => {}
            }
            if let Some(given) = self.parameters_mut(&of.scope, &of.task) {
                given.insert(of.input.clone(), meant);
            }
            return Vec::new();
        }
        if is_item(&item) { self.take_away(of) } else { Vec::new() }
    }

    /// Makes a DAG have an item, or that of which it is a part; its type. `seen`: where it was looked for already.
    fn provide(&mut self, scope: &Scope, item: &str, seen: &mut BTreeSet<Scope>) -> Option<ParameterType> {
        if let Some((_, kind)) = self.component(scope).and_then(|outer| here(outer, item)) {
            return Some(kind);
        }
        // What is no item ends with the pipeline that somebody wrote: what is around that is not its own.
        if !is_item(item) && !is_made(scope) {
            return None;
        }
        let uses = scope.as_ref().and_then(|name| self.uses.get(name)).cloned().filter(|uses| !uses.is_empty())?;
        if !seen.insert(scope.clone()) {
            return None;
        }
        let mut kind = ParameterType::Struct;
        for (above, task) in &uses {
            let given = self.parameters_mut(above, task).is_some_and(|given| given.contains_key(item));
            if given {
                continue;
            }
            kind = self.provide(above, item, seen)?;
            let (source, _) = self.component(above).and_then(|outer| here(outer, item))?;
            self.parameters_mut(above, task)?.insert(item.to_owned(), source);
        }
        let declared = InputParameter { kind, default: None, optional: false, description: String::new(), literals: Vec::new() };
        self.component_mut(scope)?.parameters.insert(item.to_owned(), declared);
        Some(kind)
    }

    /// A DAG that is given what nobody has, has it within.
    fn take_away(&mut self, of: &Loose) -> Vec<Loose> {
        let task = self.component(&of.scope).and_then(Component::dag).and_then(|dag| dag.tasks.get(&of.task));
        let Some(inner) = task.map(|task| task.component.clone()) else { return Vec::new() };
        if self.pipeline.components.get(&inner).and_then(Component::dag).is_none() {
            return Vec::new();
        }
        if let Some(given) = self.parameters_mut(&of.scope, &of.task) {
            given.remove(&of.input);
        }
        let uses = self.uses.get(&inner).cloned().unwrap_or_default();
        let given = |(scope, key): &(Scope, String)| {
            let task = self.component(scope).and_then(Component::dag).and_then(|dag| dag.tasks.get(key));
            task.is_some_and(|task| {
                let item = match &task.iterator {
                    Some(Iterator::Parameter { item_input, .. }) => item_input == &of.input,
                    _ => false,
                };
                item || task.parameters.contains_key(&of.input)
            })
        };
        if uses.iter().any(given) {
            return Vec::new();
        }
        if let Some(component) = self.pipeline.components.get_mut(&inner) {
            component.parameters.remove(&of.input);
        }
        self.loose(&Some(inner))
    }
}

/// An item as a DAG has it, or as a part of one that it has.
fn here(outer: &Component, item: &str) -> Option<(ParameterSource, ParameterType)> {
    if let Some(declared) = outer.parameters.get(item) {
        return Some((ParameterSource { from: ParameterFrom::Input(item.to_owned()), selector: None }, declared.kind));
    }
    // A parameter of the pipeline, in the DAG that is that pipeline.
    let own = item.strip_prefix(CHANNEL).filter(|own| !is_item(own));
    if let Some((own, declared)) = own.and_then(|own| Some((own, outer.parameters.get(own)?))) {
        return Some((ParameterSource { from: ParameterFrom::Input(own.to_owned()), selector: None }, declared.kind));
    }
    let (whole, part) = item.rsplit_once(PART)?;
    // What follows in `X-subvar-k-loop-item` is an item of a loop over the part.
    if part.contains('-') || !is_item(whole) || !outer.parameters.contains_key(whole) {
        return None;
    }
    let selector = Expression::selector(&format!("parseJson(string_value)[{}]", serde_json::Value::from(part))).ok()?;
    // Of a part no type is known: as what it is not it passes as it is.
    Some((ParameterSource { from: ParameterFrom::Input(whole.to_owned()), selector: Some(selector) }, ParameterType::Struct))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{parse, tests::small};
    use super::*;

    /// `say` of the small pipeline with an item of a loop, in a DAG within the loop.
    fn looped(item: &str, used: &str) -> Result<Pipeline, Vec<super::super::Refusal>> {
        let mut spec = small();
        let mut say = spec["root"]["dag"]["tasks"]["say"].clone();
        say["inputs"]["parameters"]["text"] = json!({"componentInputParameter": used});
        spec["components"]["comp-inner"] = json!({"dag": {"tasks": {"say": say}}});
        spec["components"]["comp-loop"] = json!({
            "dag": {"tasks": {"inner": {"componentRef": {"name": "comp-inner"}}}},
            "inputDefinitions": {"parameters": {item: {"parameterType": "STRUCT"}}}
        });
        let lost = used.trim_start_matches(CHANNEL);
        spec["root"]["dag"]["tasks"]["loop"] = json!({
            "componentRef": {"name": "comp-loop"},
            "inputs": {"parameters": {used: {"componentInputParameter": lost}}},
            "parameterIterator": {"itemInput": item, "items": {"raw": "[{\"a\": 1}]"}}
        });
        parse(&spec.to_string())
    }

    fn source(pipeline: &Pipeline, component: &str, task: &str, input: &str) -> String {
        let source = &pipeline.components[component].dag().unwrap().tasks[task].parameters[input];
        let ParameterFrom::Input(name) = &source.from else { panic!("an input") };
        format!("{name} {}", source.selector.as_ref().map_or("", Expression::text))
    }

    #[test]
    fn a_part_of_an_item_is_taken_where_the_item_is() {
        let (item, part) = ("pipelinechannel--loop-item-param-1", "pipelinechannel--loop-item-param-1-subvar-a");
        let pipeline = looped(item, part).unwrap();
        assert_eq!(source(&pipeline, "comp-loop", "inner", part), format!("{item} parseJson(string_value)[\"a\"]"));
        assert_eq!(source(&pipeline, "comp-inner", "say", "text"), format!("{part} "));
        assert!(pipeline.root.dag().unwrap().tasks["loop"].parameters.is_empty(), "nobody had it there");
        let pipeline = looped(item, item).unwrap();
        assert_eq!(source(&pipeline, "comp-loop", "inner", item), format!("{item} "));
    }

    #[test]
    fn a_parameter_reaches_a_loop_in_a_loop() {
        // As the SDK has it: the outer loop is given the parameter, the one within is not.
        let nested = |outer_has_it: bool, outer: &str| {
            let mut spec = small();
            let mut say = spec["root"]["dag"]["tasks"]["say"].clone();
            let a = "pipelinechannel--a";
            say["inputs"]["parameters"]["text"] = json!({"componentInputParameter": a});
            let items = |n: i32| json!({"itemInput": format!("pipelinechannel--loop-item-param-{n}"), "items": {"raw": "[1]"}});
            let item = |n: i32| json!({format!("pipelinechannel--loop-item-param-{n}"): {"parameterType": "NUMBER_INTEGER"}});
            spec["components"]["comp-for-loop-4"] = json!({"dag": {"tasks": {"say": say}}, "inputDefinitions": {"parameters": item(3)}});
            spec["components"][outer] = json!({
                "dag": {"tasks": {"for-loop-4": {"componentRef": {"name": "comp-for-loop-4"}, "parameterIterator": items(3)}}},
                "inputDefinitions": {"parameters": item(1)}
            });
            let mut task = json!({"componentRef": {"name": outer}, "parameterIterator": items(1)});
            if outer_has_it {
                spec["components"][outer]["inputDefinitions"]["parameters"][a] = json!({"parameterType": "STRING"});
                task["inputs"] = json!({"parameters": {a: {"componentInputParameter": "a"}}});
            }
            spec["root"]["inputDefinitions"]["parameters"]["a"] = json!({"parameterType": "STRING"});
            spec["root"]["dag"]["tasks"]["for-loop-2"] = task;
            parse(&spec.to_string())
        };
        for outer_has_it in [true, false] {
            let pipeline = nested(outer_has_it, "comp-for-loop-2").unwrap();
            assert_eq!(source(&pipeline, "comp-for-loop-2", "for-loop-4", "pipelinechannel--a"), "pipelinechannel--a ");
            let ParameterFrom::Input(from) = &pipeline.root.dag().unwrap().tasks["for-loop-2"].parameters["pipelinechannel--a"].from else {
                panic!("an input")
            };
            assert_eq!(from, "a");
        }
        // What somebody wrote says itself what it takes.
        let refusals = nested(false, "comp-written").unwrap_err();
        assert!(refusals[0].to_string().contains("comp-for-loop-4 has no input pipelinechannel--a"), "{refusals:?}");
    }

    #[test]
    fn an_item_of_another_loop_is_refused() {
        let refusals = looped("pipelinechannel--loop-item-param-1", "pipelinechannel--loop-item-param-9").unwrap_err();
        let said: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        assert!(said[0].contains("comp-inner has no input pipelinechannel--loop-item-param-9 (the SDK lost an item of a loop"), "{said:?}");
        assert_eq!(said.len(), 1, "{said:?}");
    }
}
