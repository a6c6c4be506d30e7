/*
 * Descriptors that a guest might send in the place of its two memfds: two that
 * are as they must be, and every way to get it wrong. -1 where this machine
 * cannot make one.
 */
#ifndef SUPPORT_MEMFD_H
#define SUPPORT_MEMFD_H

enum { MEMFD_SHARED_PAGES = 8, MEMFD_TX_PAGES = 6 };

int memfd_good_shared(void);
int memfd_good_tx(void);
int memfd_unsealed(void);
int memfd_no_shrink_seal(void);
int memfd_no_final_seal(void);
int memfd_tx_without_write_seal(void);
int memfd_tx_write_sealed(void);
int memfd_shared_with_write_seal(void);
int memfd_hugetlb(void);
int memfd_empty(void);
int memfd_odd(void);
int memfd_page_more(void);
int memfd_huge(void);
int memfd_file(void);
int memfd_tmpfs_file(void);
int memfd_pipe(void);
int memfd_socket(void);
int memfd_directory(void);
int memfd_null(void);
int memfd_path(void);
int memfd_none(void);

#endif
