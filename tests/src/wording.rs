//! Messages that newer releases of the reference have changed, read from the compatibility page.

/// Pairs of texts: that of the installed release, and the newer one that our tools print.
#[derive(Debug)]
pub struct Wordings(Vec<(String, String)>);

impl Wordings {
    /// The table in `docs/compatibility.md`.
    ///
    /// # Panics
    /// If the page has no such section.
    pub fn newer() -> Self {
        let page = include_str!("../../docs/compatibility.md");
        let mut sections = page.split("\n## ");
        let section = sections
            .find(|section| section.starts_with("Newer wording"))
            .expect("the page has the section");
        let cells = |line: &str| {
            line.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let rows = section.lines().filter(|line| line.starts_with("| "));
        let pairs = rows.filter_map(|line| cells(line).try_into().ok());
        Self(pairs.map(|[old, new]: [String; 2]| (old, new)).collect())
    }

    /// Replaces old texts by newer ones; `*` in an old text stands for a word that is kept.
    pub fn reword(&self, text: &str) -> String {
        for (old, new) in &self.0 {
            let Some((before, after)) = old.split_once('*') else {
                if text.contains(old) {
                    return text.replace(old, new);
                }
                continue;
            };
            if let Some(start) = text.find(before) {
                let rest = &text[start + before.len()..];
                if let Some(end) = rest.find(after) {
                    let kept = new.replace('*', &rest[..end]);
                    return format!("{}{kept}{}", &text[..start], &rest[end + after.len()..]);
                }
            }
        }
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_are_read_from_the_page() {
        let wordings = Wordings::newer();
        assert!(wordings.0.len() >= 5, "{wordings:?}");
        assert_eq!(
            wordings.reword("unshare: cannot chdir to '/x': No"),
            "unshare: cannot change directory to /x: No"
        );
        assert_eq!(
            wordings.reword("unshare: setuid failed: No"),
            "unshare: setuid() failed: No"
        );
        assert_eq!(wordings.reword("something else"), "something else");
    }
}
