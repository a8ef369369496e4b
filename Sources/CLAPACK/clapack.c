#include "clapack.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Hidden: OpenBLAS must go on finding its own functions by these names.
#define SHIM __attribute__((visibility("hidden")))

// What is looked up in the library: the name there, and its type.
#define FUNCTIONS(F)                                                                                   \
  F(cblas_sgemm, void,                                                                                 \
    (enum CBLAS_ORDER, enum CBLAS_TRANSPOSE, enum CBLAS_TRANSPOSE, int, int, int, float, const float *, \
     int, const float *, int, float, float *, int))                                                    \
  F(cblas_dgemm, void,                                                                                 \
    (enum CBLAS_ORDER, enum CBLAS_TRANSPOSE, enum CBLAS_TRANSPOSE, int, int, int, double,              \
     const double *, int, const double *, int, double, double *, int))                                 \
  F(cblas_dsyrk, void,                                                                                 \
    (enum CBLAS_ORDER, enum CBLAS_UPLO, enum CBLAS_TRANSPOSE, int, int, double, const double *, int,   \
     double, double *, int))                                                                           \
  F(cblas_ssyrk, void,                                                                                 \
    (enum CBLAS_ORDER, enum CBLAS_UPLO, enum CBLAS_TRANSPOSE, int, int, float, const float *, int,     \
     float, float *, int))                                                                             \
  F(cblas_ddot, double, (int, const double *, int, const double *, int))                               \
  F(dgeqrf_, void,                                                                                     \
    (const int *, const int *, double *, const int *, double *, double *, const int *, int *))         \
  F(dorgqr_, void,                                                                                     \
    (const int *, const int *, const int *, double *, const int *, const double *, double *,           \
     const int *, int *))                                                                              \
  F(dgesdd_, void,                                                                                     \
    (const char *, const int *, const int *, double *, const int *, double *, double *, const int *,   \
     double *, const int *, double *, const int *, int *, int *, size_t))                              \
  F(dgetrf_, void, (const int *, const int *, double *, const int *, int *, int *))                    \
  F(dgetrs_, void,                                                                                     \
    (const char *, const int *, const int *, const double *, const int *, const int *, double *,       \
     const int *, int *, size_t))                                                                      \
  F(dpotrf_, void, (const char *, const int *, double *, const int *, int *, size_t))                  \
  F(dtrtri_, void,                                                                                     \
    (const char *, const char *, const int *, double *, const int *, int *, size_t, size_t))           \
  F(dsyevd_, void,                                                                                     \
    (const char *, const char *, const int *, double *, const int *, double *, double *, const int *,  \
     int *, const int *, int *, size_t, size_t))                                                       \
  F(openblas_get_config, char *, (void))                                                               \
  F(openblas_get_corename, char *, (void))                                                             \
  F(openblas_set_num_threads, void, (int))

#define FIELD(name, result, arguments) result(*name) arguments;
static struct { FUNCTIONS(FIELD) } library;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char fault[512];

static void keep_fault(void) {
  const char *text = dlerror();
  snprintf(fault, sizeof fault, "%s", text ? text : "it cannot be opened");
}

static void open_library(void) {
  // Read by the library once, while it is opened.
  const char *variable = "OPENBLAS_NUM_THREADS";
  const char *old = getenv(variable);
  char *saved = old ? strdup(old) : NULL;
  setenv(variable, "1", 1);
  void *handle = NULL;
  const char *names[] = {"libopenblas.so.0", "libopenblas.so"};
  for (size_t i = 0; !handle && i < sizeof names / sizeof *names; i++) {
    handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!handle && !*fault) keep_fault();
  }
  if (saved) {
    setenv(variable, saved, 1);
    free(saved);
  } else {
    unsetenv(variable);
  }
  if (!handle) return;
  *fault = 0;
#define LOOK_UP(name, result, arguments)                                      \
  *(void **)&library.name = dlsym(handle, #name);                             \
  if (!library.name) {                                                        \
    keep_fault();                                                             \
    return;                                                                   \
  }
  FUNCTIONS(LOOK_UP)
  // The variant on OpenMP does not read the variable.
  library.openblas_set_num_threads(1);
}

SHIM const char *clapack_load(void) {
  pthread_once(&once, open_library);
  return *fault ? fault : NULL;
}

static void need(void) {
  const char *text = clapack_load();
  if (!text) return;
  fprintf(stderr, "OpenBLAS: %s\n", text);
  abort();
}

SHIM const char *clapack_configuration(void) {
  need();
  static char text[256];
  snprintf(text, sizeof text, "%s / %s", library.openblas_get_config(),
           library.openblas_get_corename());
  return text;
}

SHIM void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transA, enum CBLAS_TRANSPOSE transB,
                      int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                      float beta, float *c, int ldc) {
  need();
  library.cblas_sgemm(order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

SHIM void cblas_dgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transA, enum CBLAS_TRANSPOSE transB,
                      int m, int n, int k, double alpha, const double *a, int lda, const double *b,
                      int ldb, double beta, double *c, int ldc) {
  need();
  library.cblas_dgemm(order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

SHIM void cblas_dsyrk(enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE trans, int n,
                      int k, double alpha, const double *a, int lda, double beta, double *c, int ldc) {
  need();
  library.cblas_dsyrk(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
}

SHIM int clapack_dsyevd(char job, char uplo, int n, double *a, int lda, double *w) {
  need();
  int code = 0;
  double work_size = 0;
  int int_work_size = 0;
  const int ask = -1;
  library.dsyevd_(&job, &uplo, &n, a, &lda, w, &work_size, &ask, &int_work_size, &ask, &code, 1, 1);
  if (code != 0) return code;
  const int work_count = (int)work_size;
  double *work = malloc(sizeof(double) * (size_t)work_count);
  int *int_work = malloc(sizeof(int) * (size_t)int_work_size);
  if (work && int_work) {
    library.dsyevd_(&job, &uplo, &n, a, &lda, w, work, &work_count, int_work, &int_work_size, &code, 1,
                    1);
  } else {
    code = CLAPACK_NO_MEMORY;
  }
  free(work);
  free(int_work);
  return code;
}

SHIM void cblas_ssyrk(enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE trans, int n,
                      int k, float alpha, const float *a, int lda, float beta, float *c, int ldc) {
  need();
  library.cblas_ssyrk(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
}

SHIM double cblas_ddot(int n, const double *x, int incx, const double *y, int incy) {
  need();
  return library.cblas_ddot(n, x, incx, y, incy);
}

SHIM int clapack_dgeqrf(int m, int n, double *a, int lda, double *tau) {
  need();
  int code = 0;
  double work_size = 0;
  const int ask = -1;
  library.dgeqrf_(&m, &n, a, &lda, tau, &work_size, &ask, &code);
  if (code != 0) return code;
  const int work_count = (int)work_size;
  double *work = malloc(sizeof(double) * (size_t)work_count);
  if (!work) return CLAPACK_NO_MEMORY;
  library.dgeqrf_(&m, &n, a, &lda, tau, work, &work_count, &code);
  free(work);
  return code;
}

SHIM int clapack_dorgqr(int m, int n, int k, double *a, int lda, const double *tau) {
  need();
  int code = 0;
  double work_size = 0;
  const int ask = -1;
  library.dorgqr_(&m, &n, &k, a, &lda, tau, &work_size, &ask, &code);
  if (code != 0) return code;
  const int work_count = (int)work_size;
  double *work = malloc(sizeof(double) * (size_t)work_count);
  if (!work) return CLAPACK_NO_MEMORY;
  library.dorgqr_(&m, &n, &k, a, &lda, tau, work, &work_count, &code);
  free(work);
  return code;
}

SHIM int clapack_dgesdd(int m, int n, double *a, int lda, double *s, double *u, int ldu, double *vt,
                        int ldvt) {
  need();
  int code = 0;
  double work_size = 0;
  const int ask = -1;
  int *int_work = malloc(sizeof(int) * 8 * (size_t)(m < n ? m : n));
  if (!int_work) return CLAPACK_NO_MEMORY;
  library.dgesdd_("S", &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, &work_size, &ask, int_work, &code, 1);
  if (code == 0) {
    const int work_count = (int)work_size;
    double *work = malloc(sizeof(double) * (size_t)work_count);
    if (work) {
      library.dgesdd_("S", &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &work_count, int_work, &code,
                      1);
    } else {
      code = CLAPACK_NO_MEMORY;
    }
    free(work);
  }
  free(int_work);
  return code;
}

SHIM int clapack_dgetrf(int n, double *a, int lda, int *pivots) {
  need();
  int code = 0;
  library.dgetrf_(&n, &n, a, &lda, pivots, &code);
  return code;
}

SHIM int clapack_dgetrs(int n, int count, const double *a, int lda, const int *pivots, double *b,
                        int ldb) {
  need();
  int code = 0;
  library.dgetrs_("N", &n, &count, a, &lda, pivots, b, &ldb, &code, 1);
  return code;
}

SHIM int clapack_dpotrf(char uplo, int n, double *a, int lda) {
  need();
  int code = 0;
  library.dpotrf_(&uplo, &n, a, &lda, &code, 1);
  return code;
}

SHIM int clapack_dtrtri(char uplo, int n, double *a, int lda) {
  need();
  int code = 0;
  library.dtrtri_(&uplo, "N", &n, a, &lda, &code, 1, 1);
  return code;
}
