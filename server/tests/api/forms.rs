//! Forms of plain browsers.

use super::world::{PASSWORD, World};

#[tokio::test]
async fn sign_in_by_form_lands_where_it_was_going() {
    let w = World::new().await;
    let answer =
        w.nobody.form("/sign-in", "/api/v1/session", &[("user", "ada"), ("password", PASSWORD), ("next", "/teams/forecast")]).await.is(303);
    assert_eq!(answer.location(), "/teams/forecast");
    assert!(answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_refused_form_comes_back_with_the_problem_and_without_the_password() {
    let w = World::new().await;
    let answer = w.nobody.form("/sign-in?next=%2Fx", "/api/v1/session", &[("user", "ada"), ("password", "wrong wrong")]).await.is(303);
    let location = answer.location();
    assert!(location.starts_with("/sign-in?next=%2Fx&problem=User+or+password+is+wrong."), "{location}");
    assert!(location.contains("user=ada") && !location.contains("wrong+wrong"), "{location}");
}

#[tokio::test]
async fn next_leads_nowhere_else() {
    let w = World::new().await;
    for next in ["//evil.test", "/\\evil.test", "/\t/evil.test", "http://evil.test", "javascript:alert(1)"] {
        let answer = w.nobody.form("/sign-in", "/api/v1/session", &[("user", "ada"), ("password", PASSWORD), ("next", next)]).await.is(303);
        assert_eq!(answer.location(), "/sign-in", "{next}");
    }
}

#[tokio::test]
async fn a_team_by_form() {
    let w = World::new().await;
    let answer = w.ada.form("/", "/api/v1/teams", &[("name", "Bad Name"), ("display_name", "")]).await.is(303);
    assert!(answer.location().contains("field=name") && answer.location().contains("name=Bad+Name"), "{}", answer.location());
    w.ada.form("/", "/api/v1/teams", &[("name", "good"), ("display_name", "")]).await.is(303);
    w.ada.get("/api/v1/teams/good").await.is(200);
}

#[tokio::test]
async fn next_takes_no_secret_along() {
    let w = World::new().await;
    let fields = [("user", "ada"), ("password", PASSWORD), ("next", "/x/{password}/{user}")];
    let answer = w.nobody.form("/sign-in", "/api/v1/session", &fields).await.is(303);
    assert_eq!(answer.location(), "/x/%7Bpassword%7D/ada");
}
