//! Fields of our own requests by what they are called there. What is wrong is found behind this door, where they have our names.

use crate::error::Error;

/// Ours and theirs.
pub type Names = &'static [(&'static str, &'static str)];

/// Of a run, now or at its times.
pub const RUN: Names = &[
    ("pipeline", "pipeline_version_reference.pipeline_id"),
    ("version", "pipeline_version_reference.pipeline_version_id"),
    ("spec", "pipeline_spec"),
    ("parameters", "runtime_config.parameters"),
    ("name", "display_name"),
    ("experiment", "experiment_id"),
    ("max_active", "max_concurrency"),
];

/// Of the schedule of a recurring run that has a cron.
pub const CRON: Names = &[
    ("schedule.cron", "trigger.cron_schedule.cron"),
    ("schedule.time_zone", "trigger.cron_schedule.cron"),
    ("schedule.start_at", "trigger.cron_schedule.start_time"),
    ("schedule.end_at", "trigger.cron_schedule.end_time"),
];

/// Of the schedule of a recurring run that has an interval.
pub const INTERVAL: Names = &[
    ("schedule.interval_seconds", "trigger.periodic_schedule.interval_second"),
    ("schedule.start_at", "trigger.periodic_schedule.start_time"),
    ("schedule.end_at", "trigger.periodic_schedule.end_time"),
];

/// Of a version.
pub const VERSION: Names = &[("spec", "pipeline_spec")];

/// Of a pipeline that comes with its first version.
pub const BOTH: Names = &[
    ("name", "pipeline.name"),
    ("display_name", "pipeline.display_name"),
    ("description", "pipeline.description"),
    ("tags", "pipeline.tags"),
    ("version", "pipeline_version.name"),
    ("spec", "pipeline_version.pipeline_spec"),
];

/// Of that version, where it is looked at alone.
pub const FIRST: Names = &[
    ("pipeline_spec", "pipeline_version.pipeline_spec"),
    ("package_url", "pipeline_version.package_url"),
    ("code_source_url", "pipeline_version.code_source_url"),
    ("tags", "pipeline_version.tags"),
];

/// Of a file, with everything else in the query.
pub const UPLOAD: Names = &[("spec", "uploadfile")];

/// An error with its fields as they are called there; what has no other name keeps its own.
pub fn theirs(names: Names, mut error: Error) -> Error {
    let told = |field: &mut String| {
        let rest = |ours: &str| field.strip_prefix(ours).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        let named = names.iter().find_map(|(ours, theirs)| rest(ours).map(|rest| format!("{theirs}{rest}")));
        if let Some(named) = named {
            *field = named;
        }
    };
    error.field.iter_mut().for_each(told);
    error.errors.iter_mut().map(|problem| &mut problem.field).for_each(told);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::api::FieldProblem;

    #[test]
    fn fields_have_the_names_that_stand_in_the_request() {
        let each = vec![FieldProblem { field: "parameters.a.b".into(), detail: String::new() }];
        let error = theirs(RUN, Error::invalid("parameters", "").each(each));
        assert_eq!(error.field.as_deref(), Some("runtime_config.parameters"));
        assert_eq!(error.errors[0].field, "runtime_config.parameters.a.b");
        for (ours, named) in
            [("spec", "pipeline_spec"), ("specs", "specs"), ("experiment_id", "experiment_id"), ("experiment", "experiment_id")]
        {
            assert_eq!(theirs(RUN, Error::invalid(ours, "")).field.as_deref(), Some(named));
        }
        assert_eq!(theirs(RUN, Error::conflict("")).field, None);
    }
}
