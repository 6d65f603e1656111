//! Who can become whom.

use super::policy::{Allowed, matches, texts};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Actions by which a principal gives itself more, on its own ARN (AWS: IAM actions on users and roles).
const SELF_USER: [&str; 2] = ["iam:AttachUserPolicy", "iam:PutUserPolicy"];
const SELF_ROLE: [&str; 2] = ["iam:AttachRolePolicy", "iam:PutRolePolicy"];
/// Actions by which one gets the credentials of a user.
const TAKE_USER: [&str; 3] = ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"];
/// Actions that change a policy that is attached already.
const CHANGE_POLICY: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];
/// Actions that run code as a role that is passed with iam:PassRole, with the service that must trust it.
const RUN_AS: [(&str, &str); 6] = [
    ("ec2:RunInstances", "ec2.amazonaws.com"),
    ("lambda:CreateFunction", "lambda.amazonaws.com"),
    ("cloudformation:CreateStack", "cloudformation.amazonaws.com"),
    ("ecs:RunTask", "ecs-tasks.amazonaws.com"),
    ("glue:CreateJob", "glue.amazonaws.com"),
    ("codebuild:CreateProject", "codebuild.amazonaws.com"),
];

struct Principal<'a> {
    arn: &'a str,
    user: bool,
    allowed: Allowed<'a>,
    /// Customer managed policies that hold for it.
    attached: Vec<&'a str>,
    groups: Vec<&'a str>,
    trust: Vec<&'a Value>,
}

struct Account<'a> {
    principals: Vec<Principal<'a>>,
    /// Groups with what they allow.
    groups: BTreeMap<&'a str, (&'a str, Allowed<'a>)>,
}

/// Every user and role with the shortest way to all permissions that was found, if any.
pub(crate) fn paths(details: &Value) -> Value {
    let account = Account::read(details);
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for principal in account.principals.iter().filter(|principal| principal.allowed.everything()) {
        found.insert(principal.arn, Vec::new());
    }
    let admins: Vec<&str> = found.keys().copied().collect();
    // each round adds those who are one step away from somebody who was found before: so ways are shortest
    loop {
        let mut next: Vec<(&str, Vec<String>)> = Vec::new();
        for principal in account.principals.iter().filter(|principal| !found.contains_key(principal.arn)) {
            if let Some(path) = account.step(principal, &found) {
                next.push((principal.arn, path));
            }
        }
        if next.is_empty() {
            break;
        }
        found.extend(next);
    }
    let entry = |principal: &Principal<'_>| {
        json!({
            "Arn": principal.arn,
            "IsAdmin": admins.contains(&principal.arn),
            "CanBecomeAdmin": found.contains_key(principal.arn),
            "Path": found.get(principal.arn).cloned().unwrap_or_default(),
        })
    };
    json!({"Principals": account.principals.iter().map(entry).collect::<Vec<_>>()})
}

impl<'a> Account<'a> {
    fn read(details: &'a Value) -> Self {
        let documents = documents(details);
        let mut groups = BTreeMap::new();
        for group in list(details, "GroupDetailList") {
            let statements = [inline(group, "GroupPolicyList"), managed(group, &documents)].concat();
            groups.insert(text(group, "GroupName"), (text(group, "Arn"), Allowed { statements, boundary: None }));
        }
        let mut principals = Vec::new();
        for user in list(details, "UserDetailList") {
            let member_of: Vec<&str> = user.get("GroupList").map_or_else(Vec::new, |groups| texts(groups).collect());
            let mut statements = [inline(user, "UserPolicyList"), managed(user, &documents)].concat();
            let mut attached = attached(user);
            for group in list(details, "GroupDetailList").filter(|group| member_of.contains(&text(group, "GroupName")))
            {
                statements.extend([inline(group, "GroupPolicyList"), managed(group, &documents)].concat());
                attached.extend(self::attached(group));
            }
            let allowed = Allowed { statements, boundary: boundary(user, &documents) };
            principals.push(Principal {
                arn: text(user, "Arn"),
                user: true,
                allowed,
                attached,
                groups: member_of,
                trust: Vec::new(),
            });
        }
        for role in list(details, "RoleDetailList") {
            let statements = [inline(role, "RolePolicyList"), managed(role, &documents)].concat();
            let allowed = Allowed { statements, boundary: boundary(role, &documents) };
            let trust = role.pointer("/AssumeRolePolicyDocument/Statement").and_then(Value::as_array);
            principals.push(Principal {
                arn: text(role, "Arn"),
                user: false,
                allowed,
                attached: attached(role),
                groups: Vec::new(),
                trust: trust.map_or_else(Vec::new, |statements| statements.iter().collect()),
            });
        }
        principals.sort_by_key(|principal| principal.arn);
        Self { principals, groups }
    }

    /// One step that gives a principal everything, or lets it become one who was found already.
    fn step(&self, principal: &Principal<'a>, found: &BTreeMap<&str, Vec<String>>) -> Option<Vec<String>> {
        let may = |action: &str, resource: &str| principal.allowed.allows(action, resource);
        let own = if principal.user { SELF_USER } else { SELF_ROLE };
        if let Some(action) = own.iter().find(|action| may(action, principal.arn)) {
            return Some(vec![format!("{action} on itself")]);
        }
        for (action, policy) in
            CHANGE_POLICY.iter().flat_map(|action| principal.attached.iter().map(move |policy| (action, policy)))
        {
            if may(action, policy) {
                return Some(vec![format!("{action} on its policy {policy}")]);
            }
        }
        for group in principal.groups.iter().filter_map(|name| self.groups.get(name)) {
            if let Some(action) =
                ["iam:AttachGroupPolicy", "iam:PutGroupPolicy"].iter().find(|action| may(action, group.0))
            {
                return Some(vec![format!("{action} on its group {}", group.0)]);
            }
        }
        if principal.user
            && let Some((arn, _)) =
                self.groups.values().find(|(arn, allowed)| allowed.everything() && may("iam:AddUserToGroup", arn))
        {
            return Some(vec![format!("iam:AddUserToGroup on the group {arn}, which may do everything")]);
        }
        for other in self.principals.iter().filter(|other| other.arn != principal.arn) {
            let Some(rest) = found.get(other.arn) else { continue };
            if let Some(how) = becomes(principal, other) {
                return Some(std::iter::once(how).chain(rest.iter().cloned()).collect());
            }
        }
        None
    }
}

/// How one principal becomes another.
fn becomes(principal: &Principal<'_>, other: &Principal<'_>) -> Option<String> {
    let may = |action: &str, resource: &str| principal.allowed.allows(action, resource);
    let arn = other.arn;
    if other.user {
        return TAKE_USER.iter().find(|action| may(action, arn)).map(|action| format!("{action} for the user {arn}"));
    }
    if trusts(other, principal.arn) || trusts_account(other, principal.arn) && may("sts:AssumeRole", arn) {
        return Some(format!("sts:AssumeRole to the role {arn}"));
    }
    if may("iam:UpdateAssumeRolePolicy", arn) && may("sts:AssumeRole", arn) {
        return Some(format!("iam:UpdateAssumeRolePolicy on the role {arn}"));
    }
    if !may("iam:PassRole", arn) {
        return None;
    }
    let run = RUN_AS.iter().find(|(action, service)| may(action, "*") && trusts_service(other, service));
    run.map(|(action, _)| format!("iam:PassRole of the role {arn} with {action}"))
}

/// Statements of a role's trust policy that let somebody assume it.
fn trust<'p>(role: &'p Principal<'_>, kind: &'p str) -> impl Iterator<Item = &'p str> {
    let allows = |statement: &&&Value| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && statement
                .get("Action")
                .is_some_and(|actions| texts(actions).any(|action| matches(action, "sts:AssumeRole", true)))
    };
    role.trust.iter().filter(allows).filter_map(move |statement| statement.get("Principal")?.get(kind)).flat_map(texts)
}

/// A trust policy of the same account that names the principal itself is enough.
fn trusts(role: &Principal<'_>, arn: &str) -> bool {
    trust(role, "AWS").any(|trusted| trusted == arn)
}

/// A trust policy that names the whole account leaves it to the principal's own policies.
fn trusts_account(role: &Principal<'_>, arn: &str) -> bool {
    let account = arn.split(':').nth(4).unwrap_or_default();
    trust(role, "AWS")
        .any(|trusted| trusted == "*" || trusted == account || trusted.ends_with(&format!("::{account}:root")))
}

fn trusts_service(role: &Principal<'_>, service: &str) -> bool {
    trust(role, "Service").any(|trusted| trusted == service)
}

/// The statements of each managed policy's default version.
fn documents(details: &Value) -> BTreeMap<&str, Vec<&Value>> {
    let mut documents = BTreeMap::new();
    for policy in list(details, "Policies") {
        let current = list(policy, "PolicyVersionList")
            .find(|version| version.get("IsDefaultVersion") == Some(&Value::Bool(true)));
        if let Some(document) = current.and_then(|version| version.get("Document")) {
            documents.insert(text(policy, "Arn"), statements(document));
        }
    }
    documents
}

fn statements(document: &Value) -> Vec<&Value> {
    list(document, "Statement").collect()
}

fn inline<'a>(entity: &'a Value, list_name: &str) -> Vec<&'a Value> {
    list(entity, list_name).filter_map(|policy| policy.get("PolicyDocument")).flat_map(statements).collect()
}

fn attached(entity: &Value) -> Vec<&str> {
    let customer = |arn: &&str| arn.split(':').nth(4).is_some_and(|account| account != "aws" && !account.is_empty());
    list(entity, "AttachedManagedPolicies").map(|policy| text(policy, "PolicyArn")).filter(customer).collect()
}

fn managed<'a>(entity: &'a Value, documents: &BTreeMap<&'a str, Vec<&'a Value>>) -> Vec<&'a Value> {
    list(entity, "AttachedManagedPolicies")
        .filter_map(|policy| documents.get(text(policy, "PolicyArn")))
        .flatten()
        .copied()
        .collect()
}

fn boundary<'a>(entity: &'a Value, documents: &BTreeMap<&'a str, Vec<&'a Value>>) -> Option<Vec<&'a Value>> {
    let arn = entity.pointer("/PermissionsBoundary/PermissionsBoundaryArn").and_then(Value::as_str)?;
    // a boundary whose document is not there is not taken as one: better a path too many
    documents.get(arn).cloned()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().filter(|item| !matches!(item, Value::Null))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The path of one principal; none when it can't become an admin.
#[cfg(test)]
pub(crate) fn path_of(paths: &Value, arn: &str) -> Option<Vec<String>> {
    let principals = paths["Principals"].as_array()?;
    let principal = principals.iter().find(|principal| principal["Arn"] == arn)?;
    if principal["CanBecomeAdmin"] == false {
        return None;
    }
    Some(principal["Path"].as_array()?.iter().filter_map(|step| step.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "arn:aws:iam::1:";

    fn user(name: &str, statements: Value) -> Value {
        json!({"UserName": name, "Arn": format!("{ROOT}user/{name}"), "GroupList": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]})
    }

    fn role(name: &str, trusted: Value, statements: Value) -> Value {
        json!({"RoleName": name, "Arn": format!("{ROOT}role/{name}"),
            "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": trusted}]},
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]})
    }

    fn allow(actions: &[&str], resource: &str) -> Value {
        json!([{"Effect": "Allow", "Action": actions, "Resource": [resource]}])
    }

    fn of(details: &Value, name: &str) -> Option<Vec<String>> {
        path_of(&paths(details), &format!("{ROOT}{name}"))
    }

    #[test]
    fn an_admin_has_an_empty_path_and_a_reader_none() {
        let details = json!({"UserDetailList": [user("root-like", allow(&["*"], "*")), user("reader", allow(&["s3:Get*"], "*"))]});
        assert_eq!(of(&details, "user/root-like"), Some(vec![]));
        assert_eq!(of(&details, "user/reader"), None);
    }

    #[test]
    fn a_chain_over_two_roles_is_found() {
        let trusted = json!({"AWS": ["arn:aws:iam::1:root"]});
        let details = json!({
            "UserDetailList": [user("dev", allow(&["sts:AssumeRole"], "arn:aws:iam::1:role/ci"))],
            "RoleDetailList": [
                role("ci", trusted.clone(), allow(&["iam:PassRole", "lambda:CreateFunction"], "*")),
                role("deploy", json!({"Service": ["lambda.amazonaws.com"]}), allow(&["*"], "*")),
            ],
        });
        let path = of(&details, "user/dev").unwrap();
        assert_eq!(
            path,
            [
                "sts:AssumeRole to the role arn:aws:iam::1:role/ci",
                "iam:PassRole of the role arn:aws:iam::1:role/deploy with lambda:CreateFunction",
            ]
        );
    }

    #[test]
    fn groups_managed_policies_and_self_service_count() {
        let mut member = user("member", json!([]));
        member["GroupList"] = json!(["admins"]);
        let details = json!({
            "UserDetailList": [member, user("self", allow(&["iam:PutUserPolicy"], "arn:aws:iam::1:user/self"))],
            "GroupDetailList": [{"GroupName": "admins", "Arn": "arn:aws:iam::1:group/admins",
                "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]}],
            "Policies": [{"Arn": "arn:aws:iam::aws:policy/AdministratorAccess", "PolicyVersionList": [
                {"IsDefaultVersion": false, "Document": {"Statement": []}},
                {"IsDefaultVersion": true, "Document": {"Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}}]}],
        });
        assert_eq!(of(&details, "user/member"), Some(vec![]));
        assert_eq!(of(&details, "user/self"), Some(vec!["iam:PutUserPolicy on itself".to_owned()]));
    }

    #[test]
    fn a_boundary_closes_the_way() {
        let mut bounded = user("bounded", allow(&["*"], "*"));
        bounded["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": "arn:aws:iam::1:policy/limit"});
        let limit = json!({"Arn": "arn:aws:iam::1:policy/limit", "PolicyVersionList": [
            {"IsDefaultVersion": true, "Document": {"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}}]});
        assert_eq!(of(&json!({"UserDetailList": [bounded], "Policies": [limit]}), "user/bounded"), None);
    }
}
