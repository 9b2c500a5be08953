//! Names of Java classes, as people's files have them.

/// The name without what a build put in front of it: `org.apache.flink.kafka.shaded.org.apache.kafka.common.A` is
/// `org.apache.kafka.common.A`.
pub(super) fn unshaded(class: &str) -> &str {
    let class = class.trim();
    let from = ROOTS.iter().filter_map(|root| class.rfind(root)).max().unwrap_or(0);
    let begins_a_segment = from == 0 || class[..from].ends_with('.');
    if begins_a_segment { &class[from..] } else { class }
}

/// Whether two classes have the same name, and the same package right before it: what shading leaves alone.
pub(super) fn ends_alike(class: &str, known: &str) -> bool {
    let ending = |name: &str| {
        let mut segments = name.rsplit('.');
        Some((segments.next()?.to_owned(), segments.next()?.to_owned()))
    };
    ending(known).is_some_and(|known| ending(class.trim()).is_some_and(|it| it == known))
}

const ROOTS: [&str; 3] = ["org.apache.kafka.", "software.amazon.msk.", "com.sun.security."];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_put_in_front_is_taken_off() {
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
        for prefix in ["", "org.apache.flink.kafka.shaded.", "kafkashaded.", "org.apache.kafka.shaded."] {
            assert_eq!(unshaded(&format!("{prefix}{plain}")), plain);
        }
        assert_eq!(unshaded("myorg.apache.kafka.Mine"), "myorg.apache.kafka.Mine");
        assert_eq!(unshaded("com.acme.Mine"), "com.acme.Mine");
        assert_eq!(unshaded(""), "");
        assert!(ends_alike("io.shaded.kafka.common.security.plain.PlainLoginModule", plain));
        assert!(!ends_alike("PlainLoginModule", plain));
        assert!(!ends_alike("com.acme.PlainLoginModule", plain));
    }
}
