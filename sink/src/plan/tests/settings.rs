//! Settings: from where on one counts, and who may set it.

use std::time::Duration;

use super::*;
use crate::expr::OnNull;
use crate::settings::Settings;

#[test]
fn the_enforcer_counts_for_the_statements_behind_it() {
    let text = format!(
        "{SOURCE}{}{ALL}; SET 'table.exec.sink.not-null-enforcer' = 'DROP'; {ALL}",
        sink(COLUMNS, "")
    );
    let plan = plan(&*text, &PlanOptions::default()).unwrap();
    let on_null: Vec<OnNull> = plan.inserts().map(|(_, insert)| insert.projection.on_null()).collect();
    assert_eq!(on_null, [OnNull::Fail, OnNull::Drop]);
}

#[test]
fn settings_of_the_caller_count_as_if_they_stood_before_the_text() {
    let text = format!("{SOURCE}{}{ALL}", sink(COLUMNS, ""));
    let options = PlanOptions::new().with_setting("execution.checkpointing.interval", "7 s");
    let options = options.with_setting("state.backend.type", "rocksdb");
    let planned = plan(&*text, &options).unwrap();
    assert_eq!(planned.settings.checkpoint_interval, Duration::from_secs(7));
    assert_eq!(planned.notices[0].to_string(), "setting 'state.backend.type' has no effect here");
    let own = format!("SET 'execution.checkpointing.interval' = '1 s'; {text}");
    assert_eq!(plan(&*own, &options).unwrap().settings.checkpoint_interval, Duration::from_secs(1));
    let wrong = PlanOptions::new().with_setting("parallelism.default", "many");
    let error = plan(&*text, &wrong).unwrap_err().to_string();
    assert_eq!(error, "setting 'parallelism.default' = 'many': this is not a whole number");
}

#[test]
fn settings_go_back_to_their_defaults() {
    let text = format!(
        "SET pipeline.name = a; SET execution.checkpointing.interval = 1s; RESET pipeline.name; {SOURCE}{}{ALL}",
        sink(COLUMNS, "")
    );
    let settings = plan(&*text, &PlanOptions::default()).unwrap().settings;
    assert_eq!((settings.name, settings.checkpoint_interval), (None, Duration::from_secs(1)));
    let text = format!("SET pipeline.name = a; RESET; RESET 'x.y'; {SOURCE}{}{ALL}", sink(COLUMNS, ""));
    let plan = plan(&*text, &PlanOptions::default()).unwrap();
    assert_eq!(plan.settings, Settings::default());
    assert_eq!(plan.notices[0].to_string(), "RESET 'x.y' has no effect here");
}
