#include "bench/lab/choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "X1", "x01" */
static int parse_name(const char *word, size_t length)
{
	char *end;
	unsigned long number;

	if (length < 2 || (word[0] != 'X' && word[0] != 'x') || word[1] < '0' || word[1] > '9')
		return -1;
	number = strtoul(word + 1, &end, 10);
	return end == word + length && number < 1000 ? (int)number : -1;
}

static bool is_named(const char *only, unsigned int number)
{
	for (const char *word = only; *word; word += *word == ',') {
		size_t length = strcspn(word, ",");

		if (parse_name(word, length) == (int)number)
			return true;
		word += length;
	}
	return false;
}

static bool is_known(int number)
{
	for (unsigned int i = 0; lab_experiment(i); i++)
		if ((int)lab_experiment(i)->number == number)
			return true;
	return false;
}

static int check_words(const char *only, char *error)
{
	for (const char *word = only; *word; word += *word == ',') {
		size_t length = strcspn(word, ",");

		if (!is_known(parse_name(word, length))) {
			snprintf(error, LAB_ERROR_BYTES,
				 "bad --only '%.*s': no such experiment; X1,X3 is the form",
				 (int)(length < 40 ? length : 40), word);
			return -EINVAL;
		}
		word += length;
	}
	return 0;
}

int choice_parse(struct choice *choice, const char *only, enum lab_size size,
		 char error[LAB_ERROR_BYTES])
{
	const struct lab_experiment *experiment;

	choice->nr = 0;
	if (only && check_words(only, error))
		return -EINVAL;
	for (unsigned int i = 0; (experiment = lab_experiment(i)); i++)
		if (only ? is_named(only, experiment->number)
			 : (experiment->sizes & 1u << size) != 0)
			choice->list[choice->nr++] = experiment;
	if (choice->nr)
		return 0;
	snprintf(error, LAB_ERROR_BYTES, "bad --only '': experiments are meant, as X1,X3");
	return -EINVAL;
}
