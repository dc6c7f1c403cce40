//! The input example of a model as the body of a request, for servers that cannot be asked for one. Pure.

use app::api::{deployments::Example, runtimes::Protocol};
use serde_json::{Map, Value, json};

/// What MLflow wrote down as the body of a request to its own server, as bodies of V1 and of V2. Nothing where it is of another form.
pub fn of(serving: &Value, signature: Option<Value>) -> Option<Example> {
    let (v1, v2) = match serving.as_object()?.iter().next()? {
        (key, Value::Object(split)) if key == "dataframe_split" => {
            let (columns, rows) = (split.get("columns")?.as_array()?, split.get("data")?.as_array()?);
            let records: Vec<Value> = rows.iter().map(|row| record(columns, row)).collect::<Option<_>>()?;
            (json!({ "instances": records }), tensors(columns, rows).unwrap_or_default())
        }
        (key, Value::Array(records)) if key == "dataframe_records" => {
            let columns: Vec<Value> = records.first()?.as_object()?.keys().map(|k| k.as_str().into()).collect();
            let rows: Vec<Value> =
                records.iter().map(|r| columns.iter().map(|c| r.get(c.as_str()?).cloned()).collect()).collect::<Option<_>>()?;
            (json!({ "instances": records }), tensors(&columns, &rows).unwrap_or_default())
        }
        (key, Value::Object(columns)) if key == "inputs" => {
            let all: Option<Vec<Value>> = columns.iter().map(|(name, values)| tensor(name, values)).collect();
            (json!({ "inputs": columns }), all.map(|all| json!({ "inputs": all })).unwrap_or_default())
        }
        (key, values @ Value::Array(_)) if key == "inputs" || key == "instances" => {
            (json!({ "instances": values }), tensor("input-0", values).map(|t| json!({ "inputs": [t] })).unwrap_or_default())
        }
        _ => return None,
    };
    Some(Example { v1, v2, signature })
}

/// The body for a server that speaks this; nothing for one that has paths of its own only.
pub fn body(example: &Example, protocols: &[Protocol]) -> Option<(Protocol, Value)> {
    [(Protocol::V2, &example.v2), (Protocol::V1, &example.v1)]
        .into_iter()
        .find(|(protocol, body)| protocols.contains(protocol) && !body.is_null())
        .map(|(protocol, body)| (protocol, body.clone()))
}

fn record(columns: &[Value], row: &Value) -> Option<Value> {
    let row = row.as_array().filter(|row| row.len() == columns.len())?;
    let cells = columns.iter().zip(row).map(|(name, cell)| Some((name.as_str()?.to_owned(), cell.clone())));
    cells.collect::<Option<Map<_, _>>>().map(Value::Object)
}

/// A tensor for each column.
fn tensors(columns: &[Value], rows: &[Value]) -> Option<Value> {
    let of = |(at, name): (usize, &Value)| {
        let column: Vec<Value> = rows.iter().map(|row| row.get(at).cloned()).collect::<Option<_>>()?;
        tensor(name.as_str()?, &Value::Array(column))
    };
    Some(json!({ "inputs": columns.iter().enumerate().map(of).collect::<Option<Vec<Value>>>()? }))
}

/// Nested lists of one size each, flat; `None` where they are none, or of several types.
fn tensor(name: &str, values: &Value) -> Option<Value> {
    let (mut shape, mut at) = (Vec::new(), values);
    while let Value::Array(items) = at {
        shape.push(items.len());
        at = items.first()?;
    }
    let mut flat = Vec::new();
    flatten(values, &shape, &mut flat)?;
    let all = |fits: fn(&Value) -> bool| flat.iter().all(fits);
    let datatype = match () {
        () if flat.is_empty() || shape.is_empty() => return None,
        () if all(Value::is_boolean) => "BOOL",
        () if all(|v| v.is_i64() || v.is_u64()) => "INT64",
        () if all(Value::is_number) => "FP64",
        () if all(Value::is_string) => "BYTES",
        () => return None,
    };
    Some(json!({ "name": name, "shape": shape, "datatype": datatype, "data": flat }))
}

fn flatten(values: &Value, shape: &[usize], into: &mut Vec<Value>) -> Option<()> {
    match (values, shape) {
        (Value::Array(items), [size, rest @ ..]) if items.len() == *size => items.iter().try_for_each(|item| flatten(item, rest, into)),
        (Value::Array(_), _) | (_, [_, ..]) => None,
        (scalar, []) => {
            into.push(scalar.clone());
            Some(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_frame() {
        let split = json!({ "dataframe_split": { "columns": ["a", "b"], "data": [[1.5, "x"], [2, "y"]] } });
        let example = of(&split, None).unwrap();
        assert_eq!(example.v1, json!({ "instances": [{ "a": 1.5, "b": "x" }, { "a": 2, "b": "y" }] }));
        let tensors = json!([
            { "name": "a", "shape": [2], "datatype": "FP64", "data": [1.5, 2] },
            { "name": "b", "shape": [2], "datatype": "BYTES", "data": ["x", "y"] },
        ]);
        assert_eq!(example.v2, json!({ "inputs": tensors }));
        let records = json!({ "dataframe_records": [{ "a": 1.5, "b": "x" }, { "a": 2, "b": "y" }] });
        assert_eq!(of(&records, None).unwrap().v1, example.v1);
        assert_eq!(body(&example, &[Protocol::V1, Protocol::V2]).unwrap().0, Protocol::V2);
        assert_eq!(body(&example, &[Protocol::V1]).unwrap().1, example.v1);
        assert_eq!(body(&example, &[Protocol::Http]), None);
    }

    #[test]
    fn tensors_of_any_depth() {
        let example = of(&json!({ "inputs": [[[1, 2], [3, 4]]] }), None).unwrap();
        assert_eq!(example.v2["inputs"][0], json!({ "name": "input-0", "shape": [1, 2, 2], "datatype": "INT64", "data": [1, 2, 3, 4] }));
        let columns = of(&json!({ "inputs": { "x": [true, false] } }), None).unwrap();
        assert_eq!(columns.v2["inputs"][0]["datatype"], "BOOL");
    }

    #[test]
    fn what_is_none() {
        for bad in [
            json!({}),
            json!([1]),
            json!({ "dataframe_split": { "columns": ["a"], "data": [[]] } }),
            json!({ "dataframe_split": {} }),
            json!({ "messages": "hello" }),
        ] {
            assert_eq!(of(&bad, None), None, "{bad}");
        }
        // V1 takes what no tensor can hold.
        for ragged in
            [json!({ "inputs": [] }), json!({ "inputs": [[1], [2, 3]] }), json!({ "inputs": [1, "a"] }), json!({ "inputs": { "a": "x" } })]
        {
            let example = of(&ragged, None).unwrap();
            assert!(
                example.v2.is_null() && body(&example, &[Protocol::V2]).is_none() && body(&example, &Protocol::ALL).is_some(),
                "{ragged}"
            );
        }
    }
}
