//! What served when, and the way back: one row for each time in which a revision took the traffic, newest first.

use crate::{
    api::{
        Client,
        changes::kinds,
        client::team_path,
        ledger::{Ended, LedgerEntry, LedgerFormat, LedgerQuery, export_path},
    },
    parts::{Access, Every, loaded, params::query, served},
    ui::{Ago, Badge, Empty, Lasting, Pager, PostButton, Table, Tone, time},
};
use leptos::prelude::*;
use std::collections::HashSet;

/// What the ledger needs to know of its deployment.
#[derive(Clone)]
pub struct Of {
    /// The team.
    pub team: String,
    /// Name of the deployment.
    pub name: String,
    /// Number of the revision that serves, or served last.
    pub serving: Option<i64>,
    /// The revision of the deployment that is seen.
    pub revision: i64,
}

/// The ledger of a deployment; at a moment, where the address names one.
#[component]
pub fn Ledger(
    /// The way to the API.
    client: Client,
    /// Whose.
    of: Of,
) -> impl IntoView {
    // Without our script a browser sends what was picked without a zone: that is UTC, and its label says so.
    let at = query("at").map(|text| if text.len() == 16 { format!("{text}:00Z") } else { text });
    let asked = LedgerQuery { at: at.clone(), page_token: query("page"), page_size: None };
    let every = Every { kinds: &[kinds::DEPLOYMENT], seconds: 0, page: "" };
    let (here, files) = (format!("/teams/{}/deployments/{}", of.team, of.name), of.clone());
    let entries = loaded(every, client.ledger(&of.team, &of.name, &asked), {
        let at = at.clone();
        move |page, access| {
            if !page.items.is_empty() {
                return view! { <Rows items=page.items access of/><Pager next=page.next_page_token/> }.into_any();
            }
            match at {
                Some(time) => view! { <p class="in muted">"Nothing served then, "<Ago time/>"."</p> }.into_any(),
                None => view! { <Empty text="Nothing has served yet."/> }.into_any(),
            }
        }
    });
    let file = |format: LedgerFormat, words: &'static str| {
        let href = export_path(&files.team, &files.name, format);
        view! { <a class="link" href=href rel="external" download="">{words}</a> }
    };
    let (csv, lines) = (file(LedgerFormat::Csv, "CSV"), file(LedgerFormat::Jsonl, "JSON lines"));
    view! {
        <section class="card">
            <header>
                <h2>"Ledger"</h2>
                <span class="more wraps"><At at here/>{csv}{lines}</span>
            </header>
            {entries}
        </section>
    }
}

/// The time picker: a plain form.
#[component]
fn At(at: Option<String>, here: String) -> impl IntoView {
    let ms = at.as_deref().and_then(time::parse);
    let (value, key) = (ms.map(time::local), format!("at-{}", at.as_deref().unwrap_or_default()));
    let all = at.is_some().then(|| view! { <a class="btn bare small" href=here.clone()>"Show all"</a> });
    view! {
        <form method="get" class="filter" action=here.clone() data-key=key>
            <label for="ledger-at">"What served at"</label>
            <input id="ledger-at" type="datetime-local" step="1" name="at" value=value required=true data-moment=at.unwrap_or_default()/>
            <span data-zone="">"UTC"</span>
            <button class="btn small" type="submit">"Show"</button>
            {all}
        </form>
    }
}

fn badge(ended: Option<Ended>, share: i64, canary: bool) -> impl IntoView {
    let part = if share == 100 { String::new() } else { format!(" {share} %") };
    let (tone, icon, text) = match ended {
        None if canary => (Tone::Blue, "dot", format!("Canary{part}")),
        None => (Tone::Green, "ok", format!("Serving{part}")),
        Some(how @ (Ended::Replaced | Ended::Stopped | Ended::Shared)) => (Tone::Grey, "pause", format!("{}{part}", how.label())),
        Some(how @ (Ended::RolledBack | Ended::Deleted)) => (Tone::Red, "x", format!("{}{part}", how.label())),
    };
    view! { <Badge tone icon text/> }
}

#[component]
fn Rows(items: Vec<LedgerEntry>, access: Access, of: Of) -> impl IntoView {
    let mut seen = HashSet::new();
    let rows = items.into_iter().map(|e| {
        let s = e.served;
        let number = s.revision;
        let what = served(&access, &s.model, s.version, s.program.as_ref());
        let run = s.run_id.as_ref().map(|id| {
            let words = format!("run {}", s.run_name.as_deref().unwrap_or(id));
            view! { " "<a class="sub" href=access.href(&format!("/runs/{id}"))>{words}</a> }
        });
        let code = s.commit.as_ref().or(s.code_digest.as_ref()).map(|c| {
            view! { <code title=c.clone()>{c.chars().take(7).collect::<String>()}</code> }
        });
        let data: Vec<String> = s.datasets.iter().map(|d| format!("{} ({})", d.name, d.digest)).collect();
        let data = (!data.is_empty()).then(|| data.join(", "));
        let data = data.map(|words| view! { <div class="sub cut" title=words.clone()>{words.clone()}</div> });
        let first = seen.insert(s.revision);
        let back = (access.edits() && e.kept && e.ended.is_some() && first && of.serving != Some(number)).then(|| {
            let action = team_path(&access.team, &format!("/deployments/{}/roll-back", of.name));
            let say = format!("Back to revision {number}: it takes over once it is ready.");
            view! {
                <PostButton id=format!("back-{}", e.seq) action say class="btn small" label=format!("Roll back to revision {number}")>
                    <input type="hidden" name="to" value=number.to_string()/>
                    <input type="hidden" name="revision" value=of.revision.to_string()/>
                    "Roll back to this"
                </PostButton>
            }
        });
        let approved = (!s.approved_by.is_empty()).then(|| format!(", approved by {}", s.approved_by.join(", ")));
        let how = s.rolled_back_to.map(|n| format!("back to revision {n}")).or(s.alias.as_ref().map(|a| format!("following @{a}")));
        let how = how.map(|words| view! { <div class="sub">{words}</div> });
        let set = e.share_by.as_ref().map(|who| view! { <div class="sub">{format!("share set by {who}")}</div> });
        let by = e.ended_by.as_ref().filter(|_| e.ended.is_some()).map(|who| format!("Ended by {who}"));
        view! {
            <tr data-key=format!("ledger-{}", e.seq)>
                <td class="lead" data-label="When"><Ago time=e.from.clone()/></td>
                <td class="state" data-label="State"><span title=by>{badge(e.ended, e.share, of.serving != Some(number))}</span></td>
                <td data-label="Version" class="wrap">{what}{run}<div class="sub">{format!("revision {}, {}", s.revision, s.environment)}</div></td>
                <td data-label="Commit">{code}</td>
                <td data-label="Data">{data}</td>
                <td data-label="Who">{s.by.clone()}{approved}{how}{set}</td>
                <td data-label="Served for"><span class="sub"><Lasting from=e.from.clone() to=e.until.clone()/></span></td>
                <td data-label="" class="right"><div class="actions">{back}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("When", ""), ("State", ""), ("Version", ""), ("Commit", ""), ("Data", ""), ("Who", ""), ("Served for", ""), ("", "")];
    view! { <div class="scroll"><Table label="Ledger" head>{rows}</Table></div> }
}
