//! Markdown as HTML that is safe to show, whoever wrote it: raw HTML is text, links lead where links may, images are links to them.

use leptos::prelude::*;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};
use pulldown_cmark_escape::{escape_href, escape_html};

/// Where links may lead: what has another scheme, or could be a script, is no link.
const SCHEMES: [&str; 3] = ["https", "http", "mailto"];
/// Lists and quotations within each other, at most; what is deeper stands flat.
const DEEPEST: usize = 12;

/// Markdown, shown.
#[component]
pub fn Markdown(
    /// The text.
    text: String,
) -> impl IntoView {
    let html = html(&text);
    view! { <div class="prose" inner_html=html></div> }
}

/// The HTML of Markdown: paragraphs, headings below those of the page, lists, tables, code, quotations, links.
pub fn html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut out = String::new();
    push_html(&mut out, Safe::new(Parser::new_ext(text, options)));
    out
}

/// Level of the heading of a card.
const CARD: usize = 2;

/// Whether a link may lead there: an address of the web, of mail, or of this portal.
fn may_lead(address: &str) -> bool {
    // What browsers leave out must not hide a scheme.
    if address.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return false;
    }
    match address.split_once(':') {
        Some((scheme, _)) if SCHEMES.iter().any(|s| scheme.eq_ignore_ascii_case(s)) => true,
        _ => address.starts_with('#') || (address.starts_with('/') && !address.starts_with("//")),
    }
}

/// What was begun, and what becomes of its end.
enum Open {
    /// Ended as it is.
    Kept,
    /// Left out: its content stands for itself.
    Dropped,
    /// A link of our own.
    Link,
    /// An image as a link; its address as long as nothing is said of it.
    Image(Option<String>),
    /// An image that leads nowhere.
    Words,
    /// Raw HTML, as a paragraph of text.
    Raw,
    /// A heading, by another level.
    Heading(HeadingLevel),
    /// A table in a box that scrolls.
    Table,
}

/// Events that may be shown.
struct Safe<'a, I: Iterator<Item = Event<'a>>> {
    events: I,
    open: Vec<Open>,
    /// What comes before the next event.
    waiting: Vec<Event<'a>>,
    depth: usize,
    /// Whether we are within a link: there is none within another.
    in_link: bool,
    /// Level of the first heading, and the one that the last is shown with.
    headings: Option<(usize, usize)>,
}

impl<'a, I: Iterator<Item = Event<'a>>> Safe<'a, I> {
    const fn new(events: I) -> Self {
        Self { events, open: Vec::new(), waiting: Vec::new(), depth: 0, in_link: false, headings: None }
    }

    /// Headings of a text stand right below that of the card around it, and none leaves a level out.
    fn below(&mut self, level: HeadingLevel) -> HeadingLevel {
        let level = level as usize;
        let (first, last) = self.headings.unwrap_or((level, CARD));
        let shown = (CARD + 1 + level.saturating_sub(first)).min(last + 1).min(6);
        self.headings = Some((first, shown));
        HeadingLevel::try_from(shown).unwrap_or(HeadingLevel::H6)
    }

    fn begin(&mut self, tag: Tag<'a>) -> Option<Event<'a>> {
        let (open, event) = match tag {
            Tag::HtmlBlock => (Open::Raw, Some(Event::Start(Tag::Paragraph))),
            Tag::Heading { level, .. } => {
                let level = self.below(level);
                (Open::Heading(level), Some(Event::Start(Tag::Heading { level, id: None, classes: vec![], attrs: vec![] })))
            }
            Tag::Link { dest_url, title, .. } if !self.in_link && may_lead(&dest_url) => {
                self.in_link = true;
                (Open::Link, Some(link(&dest_url, &title)))
            }
            Tag::Link { .. } => (Open::Dropped, None),
            Tag::Image { dest_url, title, .. } if !self.in_link && may_lead(&dest_url) => {
                self.in_link = true;
                let event = link(&dest_url, &title);
                (Open::Image(Some(dest_url.into_string())), Some(event))
            }
            Tag::Image { .. } => (Open::Words, None),
            Tag::BlockQuote(_) | Tag::List(_) | Tag::Item => {
                self.depth += 1;
                if self.depth > DEEPEST * 2 { (Open::Dropped, None) } else { (Open::Kept, Some(Event::Start(plain(tag)))) }
            }
            Tag::Table(_) => {
                self.waiting.push(Event::Start(tag));
                let begin = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">";
                (Open::Table, Some(Event::Html(CowStr::Borrowed(begin))))
            }
            other => (Open::Kept, Some(Event::Start(other))),
        };
        self.open.push(open);
        event
    }

    fn end(&mut self, tag: TagEnd) -> Option<Event<'a>> {
        if matches!(tag, TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) {
            self.depth = self.depth.saturating_sub(1);
        }
        match self.open.pop() {
            Some(Open::Raw) => Some(Event::End(TagEnd::Paragraph)),
            Some(Open::Heading(level)) => Some(Event::End(TagEnd::Heading(level))),
            Some(Open::Link | Open::Image(None)) => {
                self.in_link = false;
                Some(Event::InlineHtml("</a>".into()))
            }
            // Nothing was said of the image: its address is.
            Some(Open::Image(Some(address))) => {
                self.in_link = false;
                self.waiting.push(Event::InlineHtml("</a>".into()));
                Some(Event::Text(address.into()))
            }
            Some(Open::Table) => {
                self.waiting.push(Event::Html("</div>".into()));
                Some(Event::End(tag))
            }
            Some(Open::Dropped | Open::Words) => None,
            Some(Open::Kept) | None => Some(Event::End(match tag {
                TagEnd::BlockQuote(_) => TagEnd::BlockQuote(None),
                other => other,
            })),
        }
    }

    /// Something is said within whatever is open.
    fn says(&mut self) {
        for open in self.open.iter_mut().rev() {
            if let Open::Image(address) = open {
                *address = None;
            }
        }
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Safe<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(waiting) = self.waiting.pop() {
            return Some(waiting);
        }
        loop {
            let event = match self.events.next()? {
                Event::Start(tag) => self.begin(tag),
                Event::End(tag) => self.end(tag),
                Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
                // A box without a label says nothing to who does not see it.
                Event::TaskListMarker(done) => Some(Event::Text(if done { "☑ " } else { "☐ " }.into())),
                other => Some(other),
            };
            if let Some(event) = event {
                if matches!(event, Event::Text(_) | Event::Code(_)) {
                    self.says();
                }
                return Some(event);
            }
        }
    }
}

fn plain(tag: Tag<'_>) -> Tag<'_> {
    match tag {
        Tag::BlockQuote(_) => Tag::BlockQuote(None),
        other => other,
    }
}

fn link<'a>(address: &str, title: &str) -> Event<'a> {
    let mut out = String::from("<a class=\"link\" rel=\"noopener noreferrer nofollow\" href=\"");
    // Writing to a text does not fail.
    let _ = escape_href(&mut out, address);
    if !title.is_empty() {
        out.push_str("\" title=\"");
        let _ = escape_html(&mut out, title);
    }
    out.push_str("\">");
    Event::InlineHtml(out.into())
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_people_write() {
        assert_eq!(
            html("# Churn\n\nPredicts *churn*, `p > 0.5`."),
            "<h3>Churn</h3>\n<p>Predicts <em>churn</em>, <code>p &gt; 0.5</code>.</p>\n"
        );
        assert_eq!(html("## a\n## b\n#### c\n# d"), "<h3>a</h3>\n<h3>b</h3>\n<h4>c</h4>\n<h3>d</h3>\n");
        assert_eq!(html("- [x] checked\n- [ ] not"), "<ul>\n<li>☑ checked</li>\n<li>☐ not</li>\n</ul>\n");
        let table = html("| a | b |\n|---|--:|\n| 1 | 2 |\n");
        assert!(
            table.starts_with("<div class=\"scroll\"") && table.trim_end().ends_with("</table>\n</div>") && table.contains("<td>1</td>"),
            "{table}"
        );
        let link = html("See [the data](https://data.example/x?a=1&b=2 \"all of it\") and <https://a.example>.");
        assert!(link.contains("href=\"https://data.example/x?a=1&amp;b=2\" title=\"all of it\">the data</a>"), "{link}");
        assert!(link.contains("href=\"https://a.example\">https://a.example</a>"), "{link}");
        assert!(html("[run](/teams/a/runs/1), [below](#limits), [us](mailto:a@b.c)").matches("<a ").count() == 3);
    }

    #[test]
    fn raw_html_is_text() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div onclick=\"alert(1)\">\n\nx\n\n</div>",
            "<svg/onload=alert(1)>",
            "<style>*{display:none}</style>",
            "<!-- --><iframe src=//evil.example></iframe>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<![CDATA[ <script>alert(1)</script> ]]>",
            "| a |\n|---|\n| <b onmouseover=alert(1)>x</b> |\n",
            "`<script>`\n\n    <script>alert(1)</script>\n\n```html\"><script>alert(1)</script>\n<script>\n```",
        ] {
            let shown = html(hostile).to_lowercase();
            for tag in ["<script", "<img", "<iframe", "<svg", "<style", "<a ", "<div on", "<b ", "<!"] {
                assert!(!shown.contains(tag), "{hostile}: {shown}");
            }
        }
    }

    #[test]
    fn links_lead_where_links_may() {
        for hostile in [
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](<java\tscript:alert(1)>)",
            "[x](&#106;avascript:alert(1))",
            "[x](java&#10;script:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:x)",
            "[x](file:///etc/passwd)",
            "[x](//evil.example)",
            "[x](/\\evil.example)",
            "[x](relative)",
            "<javascript:alert(1)>",
            "[x][1]\n\n[1]: javascript:alert(1)",
            "![x](javascript:alert(1))",
        ] {
            let shown = html(hostile);
            assert!(!shown.contains("<a ") && !shown.contains("<img"), "{hostile}: {shown}");
        }
        let quoted = html("[x](https://a.example/\"onmouseover=\"alert(1))");
        assert!(!quoted.contains("\"onmouseover"), "{quoted}");
        let titled = html("[x](https://a.example 'a\"><script>')");
        assert!(!titled.contains("<script") && titled.contains("&quot;&gt;&lt;script&gt;"), "{titled}");
    }

    #[test]
    fn images_are_links() {
        let image = html("![The curve](https://a.example/roc.png)");
        assert!(image.contains("href=\"https://a.example/roc.png\">The curve</a>") && !image.contains("<img"), "{image}");
        let silent = html("![](https://a.example/roc.png)");
        assert!(silent.contains(">https://a.example/roc.png</a>"), "{silent}");
        let within = html("[![badge](https://a.example/b.png)](https://a.example)");
        assert_eq!((within.matches("<a ").count(), within.matches("</a>").count()), (1, 1), "{within}");
        assert_eq!(html("![only words](data:image/png;base64,AAAA)"), "<p>only words</p>\n");
    }

    #[test]
    fn depth_has_an_end() {
        let deep = html(&format!("{}x", ">".repeat(5000)));
        assert!(
            deep.matches("<blockquote>").count() <= 24 && deep.matches("<blockquote>").count() == deep.matches("</blockquote>").count()
        );
        let list: String = (0..300).map(|n| format!("{}- x\n", "  ".repeat(n))).collect();
        let shown = html(&list);
        assert!(shown.matches("<ul>").count() <= 24 && shown.matches("<ul>").count() == shown.matches("</ul>").count());
    }
}
