//! The CUDA backend of skystack: **not built yet**.
//!
//! This crate will hold the kernels (`.cu` and the PTX made from them), the driver loaded at run time, and the backend that
//! processes bands on a GPU with the same bits as the CPU. Today it holds the words for "there is none", so that everybody
//! asks in one way and nobody pretends.
//!
//! **Must never know:** files, headers, normalisation. It will get rows of a band and the parameter structs of
//! `skystack-reject`, and give back rows.
//!
//! ```
//! let error = skystack_cuda::Device::open().unwrap_err();
//! assert_eq!(error.to_string(), "device cuda: this build of skystack has no CUDA backend, needed device cpu");
//! ```
#![forbid(unsafe_code)]

/// A GPU that this build can use. There is no value of this type yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {}

/// Why there is no GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The backend is not part of this build.
    #[error("device cuda: this build of skystack has no CUDA backend, needed device cpu")]
    NotBuilt,
}

impl Device {
    /// The first GPU.
    ///
    /// # Errors
    /// Always [`CudaError::NotBuilt`].
    pub const fn open() -> Result<Self, CudaError> {
        Err(CudaError::NotBuilt)
    }
}
