//! The design kit: none of our nouns, native elements first. The style of each lies under the same name in `style/ui`. What islands use
//! of it goes to the browser too; the rest only renders on the server.

pub mod icon;
pub mod number;
pub mod problem;
pub mod shell;
pub mod time;
pub mod verbatim;
pub mod zoom;

pub use icon::Icon;
pub use problem::{Note, ProblemNote};

#[cfg(feature = "ssr")]
mod rendered {
    pub use super::{
        badge::{Badge, Tone},
        card::Card,
        code::CodeBlock,
        copy::{CopyButton, Copyable},
        cut::Cut,
        dialog::{Dialog, DialogButton, DialogCancel},
        empty::Empty,
        facts::Facts,
        field::{Area, Check, Field, Select},
        form::{ApiForm, FollowButton},
        menu::Menu,
        meter::{Mini, Portions},
        pager::Pager,
        post_button::PostButton,
        refusal::QueryProblem,
        sheet::Sheet,
        spark::Spark,
        table::Table,
        tabs::Tabs,
        time::{Ago, Lasting},
    };
}
#[cfg(feature = "ssr")]
pub use rendered::*;

macro_rules! on_the_server {
    ($($name:ident),*) => {$(
        #[cfg(feature = "ssr")]
        pub mod $name;
    )*};
}
on_the_server!(
    badge,
    card,
    code,
    copy,
    cut,
    dialog,
    empty,
    facts,
    field,
    form,
    menu,
    meter,
    pager,
    post_button,
    refusal,
    sheet,
    spark,
    table,
    tabs,
    url
);
