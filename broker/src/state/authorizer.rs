//! Who may do what, as Kafka's StandardAuthorizer decides it: what is denied is denied, what is allowed is allowed, and
//! of what no rule is for the settings decide.

use std::collections::BTreeSet;

use super::session::{Caller, Identity};
use crate::config::{ANY, Acl, AclOperation, AclResource, AuthorizerConfig};

/// The rules, and who needs none.
#[derive(Debug)]
pub(crate) struct Authorizer {
    super_users: Vec<String>,
    allow_everyone_if_no_acl_found: bool,
    acls: BTreeSet<Acl>,
}

/// Everyone.
const EVERYONE: &str = "User:*";
/// A name that stands for any, as in Kafka: what is decided of it holds where no rule names anything.
const HARDCODED: &str = "hardcode";

impl Authorizer {
    pub(crate) fn new(config: &AuthorizerConfig) -> Self {
        Self {
            super_users: config.super_users.clone(),
            allow_everyone_if_no_acl_found: config.allow_everyone_if_no_acl_found,
            acls: config.acls.iter().cloned().collect(),
        }
    }

    /// Whether the caller may do that with what has this name.
    pub(crate) fn allows(
        &self,
        caller: &Caller,
        operation: AclOperation,
        resource: AclResource,
        name: &str,
    ) -> bool {
        let Identity::Known(principal) = &caller.identity else { return false };
        if self.super_users.iter().any(|it| it == principal.as_str()) {
            return true;
        }
        let (mut found, mut allowed) = (false, false);
        for acl in self.acls.iter().filter(|acl| acl.resource == resource && acl.is_for(name)) {
            found = true;
            if acl.concerns(principal.as_str(), &caller.host) && acl.decides(operation) {
                if !acl.allows {
                    return false;
                }
                allowed = true;
            }
        }
        allowed || !found && self.allow_everyone_if_no_acl_found
    }

    /// Whether there is anything of that kind with which the caller may do that.
    pub(crate) fn allows_any(&self, caller: &Caller, operation: AclOperation, resource: AclResource) -> bool {
        if self.allows(caller, operation, resource, HARDCODED) {
            return true;
        }
        let Identity::Known(principal) = &caller.identity else { return false };
        let mine = |acl: &&Acl| {
            acl.resource == resource
                && acl.concerns(principal.as_str(), &caller.host)
                && (acl.operation == operation || acl.operation == AclOperation::All)
        };
        let denies = |allowed: &Acl| {
            self.acls.iter().filter(mine).any(|acl| {
                let whole = acl.name == ANY && !acl.prefixed;
                let begins = acl.prefixed && allowed.name.starts_with(&acl.name);
                let same = acl.name == allowed.name && !acl.prefixed && !allowed.prefixed;
                !acl.allows && (whole || begins || same)
            })
        };
        self.acls.iter().filter(mine).any(|acl| acl.allows && !denies(acl))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Acl> {
        self.acls.iter()
    }

    pub(crate) fn insert(&mut self, acl: Acl) {
        self.acls.insert(acl);
    }

    /// Takes rules away, and gives them.
    pub(crate) fn remove(&mut self, gone: impl Fn(&Acl) -> bool) -> Vec<Acl> {
        self.acls.extract_if(.., |acl| gone(acl)).collect()
    }
}

impl Acl {
    /// Whether it is about what has that name.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        match self.prefixed {
            true => name.starts_with(&self.name),
            false => self.name == name || self.name == ANY,
        }
    }

    fn concerns(&self, principal: &str, host: &str) -> bool {
        let who = self.principal == EVERYONE || self.principal == principal;
        who && (self.host == ANY || self.host == host)
    }

    /// Whether it says something of that operation. What allows to read allows to describe; what denies it denies that
    /// alone.
    fn decides(&self, operation: AclOperation) -> bool {
        use AclOperation::{All, Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
        let implied = match operation {
            Describe => matches!(self.operation, Read | Write | Delete | Alter),
            DescribeConfigs => self.operation == AlterConfigs,
            _ => false,
        };
        self.operation == All || self.operation == operation || self.allows && implied
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::principal::Principal;

    fn may(rules: &[&str], who: &str, operation: AclOperation, topic: &str) -> bool {
        let acls = rules.iter().flat_map(|rule| Acl::parse(rule).unwrap());
        let config = AuthorizerConfig::default().with_super_user("User:admin").with_acls(acls);
        Authorizer::new(&config).allows(&caller(who), operation, AclResource::Topic, topic)
    }

    fn caller(who: &str) -> Caller {
        let identity = match who {
            "" => Identity::Unproven,
            name => Identity::Known(Principal::user(name)),
        };
        Caller { listener: 0, host: "10.0.0.1".into(), identity, by_token: false }
    }

    use AclOperation::{AlterConfigs, Describe, DescribeConfigs, Read, Write};

    #[test]
    fn a_deny_wins_and_an_allow_implies_that_one_may_look() {
        let rules = ["allow User:alice read topic orders-*", "deny User:alice read topic orders-secret"];
        assert!(may(&rules, "alice", Read, "orders-eu"));
        assert!(may(&rules, "alice", Describe, "orders-eu"));
        assert!(!may(&rules, "alice", Write, "orders-eu"));
        assert!(!may(&rules, "alice", Read, "orders-secret"));
        // To be denied to read is not to be denied to describe, which the other rule allows.
        assert!(may(&rules, "alice", Describe, "orders-secret"));
        assert!(!may(&rules, "bob", Describe, "orders-eu"));
        assert!(may(&rules, "admin", Write, "orders-secret"));
        assert!(may(&["allow User:bob alter-configs topic t"], "bob", DescribeConfigs, "t"));
        assert!(!may(&["allow User:bob describe-configs topic t"], "bob", AlterConfigs, "t"));
    }

    #[test]
    fn who_has_not_logged_in_may_nothing_whatever_is_allowed_to_everyone() {
        assert!(may(&["allow User:* all topic *"], "alice", Read, "t"));
        assert!(may(&["allow User:* all topic *"], "ANONYMOUS", Read, "t"));
        assert!(!may(&["allow User:* all topic *"], "", Read, "t"));
    }

    #[test]
    fn a_rule_is_for_its_host_alone() {
        assert!(may(&["allow User:alice read topic t from 10.0.0.1"], "alice", Read, "t"));
        assert!(!may(&["allow User:alice read topic t from 10.0.0.2"], "alice", Read, "t"));
    }

    #[test]
    fn what_no_rule_is_for_is_open_if_the_settings_say_so() {
        let acls = Acl::parse("allow User:alice read topic t").unwrap();
        for open in [false, true] {
            let config =
                AuthorizerConfig::default().with_acls(acls.clone()).with_allow_everyone_if_no_acl_found(open);
            let authorizer = Authorizer::new(&config);
            let may = |topic| authorizer.allows(&caller("bob"), Read, AclResource::Topic, topic);
            assert_eq!((may("t"), may("other")), (false, open));
        }
    }

    #[test]
    fn some_topic_may_be_written_unless_all_that_is_allowed_is_denied() {
        let any = |rules: &[&str]| {
            let acls = rules.iter().flat_map(|rule| Acl::parse(rule).unwrap());
            let authorizer = Authorizer::new(&AuthorizerConfig::default().with_acls(acls));
            authorizer.allows_any(&caller("alice"), Write, AclResource::Topic)
        };
        assert!(!any(&[]));
        assert!(any(&["allow User:alice write topic t"]));
        assert!(!any(&["allow User:alice read topic t"]));
        assert!(!any(&["allow User:bob write topic t"]));
        assert!(!any(&["allow User:alice write topic t", "deny User:alice write topic t"]));
        assert!(!any(&["allow User:alice write topic t", "deny User:* all topic *"]));
        assert!(!any(&["allow User:alice write topic ab*", "deny User:alice write topic a*"]));
        assert!(any(&["allow User:alice write topic a*", "deny User:alice write topic ab*"]));
    }
}
