//! Where what lies in a pod. The containers share these folders; none of them is in an image.

/// Our program with all that it is made of.
pub const BIN: &str = "/slipway/bin";
/// The supervisor's data folder: records, log, socket.
pub const RUN: &str = "/slipway/run";
/// What the workload's container is handed.
pub const HANDOVER: &str = "/slipway/handover";
/// What the other two containers are told.
pub const ORDERS: &str = "/slipway/orders";
/// Copies of the server's folders.
pub const FOLDERS: &str = "/slipway/folders";
/// HOME of a workload without a volume.
pub const HOME: &str = "/slipway/home";
/// The working folder, or the volume.
pub const WORK: &str = "/work";
/// TMPDIR.
pub const TMP: &str = "/tmp";
/// The uploaded archive.
pub const ARCHIVE: &str = "/slipway/run/archive.tgz";
/// Where the kubelet looks for a container's last words; 4096 bytes at most.
pub const LAST_WORDS: &str = "/dev/termination-log";

/// The one file in [`HANDOVER`].
pub const HANDOVER_FILE: &str = "handover.json";
/// The one file in [`ORDERS`].
pub const ORDERS_FILE: &str = "orders.json";

/// The loader in [`BIN`], which starts our program whatever libraries an image has.
pub const LOADER: &str = "loader";
/// Our program in [`BIN`].
pub const PROGRAM: &str = "slipway";
/// Whom our image trusts, in [`BIN`]: authorities in PEM, for what of our program runs in an image that has none.
pub const ROOTS: &str = "roots.pem";

/// The words that start our program in a container of any image.
pub fn program() -> [String; 4] {
    [format!("{BIN}/{LOADER}"), "--library-path".into(), BIN.into(), format!("{BIN}/{PROGRAM}")]
}
