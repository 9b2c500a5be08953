//! Lookup and dispatch of APIs, made from their index.

use std::fmt;

use bytes::Bytes;

use crate::header;
use crate::index::each_api;
use crate::messages::*;
use crate::wire::{Malformed, Message, Segments, Str, Unrepresentable, Versions};

/// An API's number; a broker may have some that we do not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKey(pub i16);

/// One API of the table.
#[derive(Debug)]
pub struct Api {
    /// Its number.
    pub key: ApiKey,
    /// As Kafka spells it.
    pub name: &'static str,
    /// What this build reads and writes.
    pub versions: Versions,
    /// What Kafka 4.4 offers.
    pub current: Versions,
    /// Those with compact lengths and tags.
    pub flexible: Versions,
}

impl Api {
    /// The API of that number.
    pub fn of(key: i16) -> Option<&'static Self> {
        APIS.iter().find(|api| api.key.0 == key)
    }
}

/// The name, or the number where we know none.
impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Api::of(self.0) {
            Some(api) => f.write_str(api.name),
            None => write!(f, "API {}", self.0),
        }
    }
}

macro_rules! apis {
    ($($name:ident $request:ident $response:ident $const:ident)*) => {
        impl ApiKey {
            $(#[doc = stringify!($name)] pub const $const: Self = Self(<$request as Message>::KEY);)*
        }

        /// Every API of this build, ascending.
        pub static APIS: &[Api] = &[$(Api {
            key: ApiKey::$const,
            name: stringify!($name),
            versions: <$request as Message>::VERSIONS,
            current: <$request as Message>::CURRENT,
            flexible: <$request as Message>::FLEXIBLE,
        }),*];

        /// A request of any API.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AnyRequest {
            $(#[doc = stringify!($name)] $name($request),)*
        }

        /// A response of any API.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AnyResponse {
            $(#[doc = stringify!($name)] $name($response),)*
        }

        impl AnyRequest {
            /// Reads the body of a request; `None` when the API or its version is not of this build.
            ///
            /// # Errors
            /// When the bytes are not such a request.
            pub fn decode(key: i16, version: i16, body: &Bytes) -> Option<Result<Self, Malformed>> {
                $(if key == <$request as Message>::KEY {
                    let known = <$request as Message>::VERSIONS.contains(version);
                    return known.then(|| <$request as Message>::decode(body, version).map(Self::$name));
                })*
                None
            }

            /// Reads the body of a request as Java's broker does, see [`Message::decode_leniently`]; `None` when
            /// the API or its version is not of this build.
            ///
            /// # Errors
            /// When the bytes are not such a request.
            pub fn decode_leniently(
                key: i16,
                version: i16,
                body: &Bytes,
                elements_max: usize,
            ) -> Option<Result<Self, Malformed>> {
                $(if key == <$request as Message>::KEY {
                    let known = <$request as Message>::VERSIONS.contains(version);
                    let read = || <$request as Message>::decode_leniently(body, version, elements_max);
                    return known.then(|| read().map(Self::$name));
                })*
                None
            }

            /// The API it belongs to.
            pub fn key(&self) -> ApiKey {
                match self { $(Self::$name(_) => ApiKey::$const,)* }
            }

            /// The whole frame: length, header, body.
            ///
            /// # Errors
            /// When the version has no place for a value that is set.
            pub fn frame(
                &self,
                version: i16,
                correlation_id: i32,
                client_id: Option<&Str>,
            ) -> Result<Segments, Unrepresentable> {
                match self {
                    $(Self::$name(request) => {
                        header::request_frame(request, version, correlation_id, client_id)
                    })*
                }
            }
        }

        impl AnyResponse {
            /// Reads the body of a response; `None` when the API or its version is not of this build.
            ///
            /// # Errors
            /// When the bytes are not such a response.
            pub fn decode(key: i16, version: i16, body: &Bytes) -> Option<Result<Self, Malformed>> {
                $(if key == <$response as Message>::KEY {
                    let known = <$response as Message>::VERSIONS.contains(version);
                    return known.then(|| <$response as Message>::decode(body, version).map(Self::$name));
                })*
                None
            }

            /// The API it belongs to.
            pub fn key(&self) -> ApiKey {
                match self { $(Self::$name(_) => ApiKey::$const,)* }
            }

            /// The whole frame: length, header, body.
            ///
            /// # Errors
            /// When the version has no place for a value that is set.
            pub fn frame(&self, version: i16, correlation_id: i32) -> Result<Segments, Unrepresentable> {
                match self {
                    $(Self::$name(response) => header::response_frame(response, version, correlation_id),)*
                }
            }
        }

        $(
            impl From<$request> for AnyRequest {
                fn from(request: $request) -> Self { Self::$name(request) }
            }
            impl From<$response> for AnyResponse {
                fn from(response: $response) -> Self { Self::$name(response) }
            }
        )*
    };
}

each_api!(apis);
