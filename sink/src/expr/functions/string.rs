//! Texts.

pub(super) mod affix;
pub(super) mod case;
pub(super) mod charset;
pub(super) mod code;
pub(super) mod cut;
pub(super) mod join;
pub(super) mod pad;
pub(super) mod position;
pub(super) mod printf;
pub(super) mod split;
pub(super) mod url;
pub(super) mod url_code;
