// HDF5's C API, and functions for its macros, which Swift cannot import.
#pragma once
#include <hdf5.h>
#include <hdf5_hl.h>

static inline unsigned chdf5_acc_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned chdf5_acc_read_only(void) { return H5F_ACC_RDONLY; }

static inline hid_t chdf5_default_properties(void) { return H5P_DEFAULT; }
static inline hid_t chdf5_default_error_stack(void) { return H5E_DEFAULT; }
static inline hid_t chdf5_whole_space(void) { return H5S_ALL; }
static inline unsigned chdf5_tracked_and_indexed(void) {
  return H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
}

// Property lists
static inline hid_t chdf5_file_creation(void) { return H5Pcreate(H5P_FILE_CREATE); }
static inline hid_t chdf5_file_access(void) { return H5Pcreate(H5P_FILE_ACCESS); }
static inline hid_t chdf5_group_creation(void) { return H5Pcreate(H5P_GROUP_CREATE); }
static inline hid_t chdf5_dataset_creation(void) { return H5Pcreate(H5P_DATASET_CREATE); }

// What HDF5 1.8 and everything after it can read.
static inline herr_t chdf5_set_library_bounds(hid_t file_access) {
  return H5Pset_libver_bounds(file_access, H5F_LIBVER_V18, H5F_LIBVER_V110);
}

// Files are replaced by renaming, never changed: a reader needs no lock, and some network file
// systems have none. HDF5 before 1.10.7 has no such setting.
static inline herr_t chdf5_set_no_locking(hid_t file_access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
  return H5Pset_file_locking(file_access, 0, 1);
#else
  (void)file_access;
  return 0;
#endif
}

// Types in the file: the same on every machine
static inline hid_t chdf5_file_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_file_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_file_int64(void) { return H5T_STD_I64LE; }
static inline hid_t chdf5_file_int32(void) { return H5T_STD_I32LE; }
static inline hid_t chdf5_file_uint8(void) { return H5T_STD_U8LE; }

// Types in memory
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }

// A new type: variable-length UTF-8 strings.
static inline hid_t chdf5_text_type(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
    H5Tclose(type);
    return -1;
  }
  return type;
}

// Reasons in the error stack
static inline hid_t chdf5_reason_not_hdf5(void) { return H5E_NOTHDF5; }
static inline hid_t chdf5_reason_truncated(void) { return H5E_TRUNCATED; }
