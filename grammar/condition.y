/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of conditions: spec/rule-language.md section 2.2.  Which word is
 * which token, and all the accidents of that, is the business of condition.re.
 */
%name sk_condition_grammar_
%token_prefix SK_TOKEN_
%token_type {struct sk_token}
%extra_context {struct sk_parser *parser}
%start_symbol start
/* Grows from the heap; what can be nested is bounded by the depth limit. */
%stack_size 0

%include {
/* Leaves out lemon's trace file, a global variable. */
#define NDEBUG 1
#include <assert.h>
#include <stdlib.h>

#include "grammar/parser.h"
#include "vm/support/alloc.h"

#define malloc(size) sk_alloc(size)
#define realloc(memory, size) sk_realloc_array(memory, size, 1)
#define free(memory) sk_free(memory)
/* An error ends this attempt; the driver below starts the next one. */
#define YYNOERRORRECOVERY 1
}

%syntax_error {
	(void)yymajor;
	(void)TOKEN;
	parser->rejected = true;
}
%stack_overflow {
	parser->lexer->out_of_memory = parser->lexer->fatal = true;
}

%type expression {struct sk_node *}
%type conjunction {struct sk_node *}
%type negation {struct sk_node *}
%type check {struct sk_node *}
%type ors {uint32_t}
%type ands {uint32_t}
%type nots {struct sk_negations}
%type left {struct sk_operand *}
%type number {struct sk_operand *}
%type string {struct sk_operand *}
%type listed {struct sk_operand *}
%type function {struct sk_operand *}
%type list {struct sk_operand *}
%type field {struct sk_operand *}
%type transformer {struct sk_operand *}
%type constant {struct sk_operand *}
%type input {struct sk_operand *}
%type member {struct sk_operand *}
%type items {uint32_t}
%type inputs {uint32_t}
%type members {uint32_t}
%type subscript {struct sk_token}

start ::= expression(E).                                    { parser->tree = E; }
start ::= ALONE left(L).                                    { parser->operand = L; }

expression(A) ::= ors(N).                                   { A = sk_parser_chain(parser, SK_NODE_OR, N); }
ors(A) ::= conjunction(B).                                  { A = sk_parser_push(parser, B, 0); }
ors(A) ::= ors(N) OR conjunction(B).                        { A = sk_parser_push(parser, B, N); }
ors(A) ::= ors(N) OR_OPEN expression(B) CLOSE.              { A = sk_parser_push(parser, B, N); }

conjunction(A) ::= ands(N).                                 { A = sk_parser_chain(parser, SK_NODE_AND, N); }
ands(A) ::= negation(B).                                    { A = sk_parser_push(parser, B, 0); }
ands(A) ::= ands(N) AND negation(B).                        { A = sk_parser_push(parser, B, N); }
ands(A) ::= ands(N) AND_OPEN expression(B) CLOSE.           { A = sk_parser_push(parser, B, N); }

negation(A) ::= nots(N) check(B).                           { A = sk_parser_negate(parser, N, B); }
negation(A) ::= nots(N) NOT_OPEN(T) expression(B) CLOSE.    { A = sk_parser_negate(parser, sk_negations_add(N, T), B); }
nots(A) ::= .                                               { A = (struct sk_negations){0}; }
nots(A) ::= nots(N) NOT(T).                                 { A = sk_negations_add(N, T); }

check(A) ::= OPEN expression(B) CLOSE.                      { A = B; }
check(A) ::= NAME(T).                                       { A = sk_parser_macro(parser, &T); }
check(A) ::= left(L) EXISTS(O).                             { A = sk_parser_check(parser, L, &O, NULL, NULL); }
check(A) ::= left(L) ORDERING(O) number(R).                 { A = sk_parser_check(parser, L, &O, NULL, R); }
check(A) ::= left(L) COMPARISON(O) string(R).               { A = sk_parser_check(parser, L, &O, NULL, R); }
check(A) ::= left(L) COMPARISON(O) MODIFIER(M) list(R).     { A = sk_parser_check(parser, L, &O, &M, R); }
check(A) ::= left(L) MEMBERSHIP(O) listed(R).               { A = sk_parser_check(parser, L, &O, NULL, R); }

left(A) ::= field(B).                                       { A = B; }
left(A) ::= transformer(B).                                 { A = B; }
number(A) ::= constant(B).                                  { A = B; }
number(A) ::= function(B).                                  { A = B; }
string(A) ::= constant(B).                                  { A = B; }
string(A) ::= function(B).                                  { A = B; }
listed(A) ::= list(B).                                      { A = B; }
listed(A) ::= function(B).                                  { A = B; }

function(A) ::= transformer(B).                             { A = B; }
function(A) ::= VALUE(T) field(B) CLOSE(E) subscript(S).    { A = sk_parser_value(parser, &T, B, &E, &S); }
list(A) ::= WORD(T).                                        { A = sk_parser_text(parser, SK_OPERAND_WORD, &T); }
list(A) ::= LIST_OPEN(T) CLOSE(E).                          { A = sk_parser_list(parser, &T, 0, &E); }
list(A) ::= LIST_OPEN(T) items(N) CLOSE(E).                 { A = sk_parser_list(parser, &T, N, &E); }
items(A) ::= constant(B).                                   { A = sk_parser_push(parser, B, 0); }
items(A) ::= items(N) COMMA constant(B).                    { A = sk_parser_push(parser, B, N); }

field(A) ::= FIELD(T) subscript(S).                         { A = sk_parser_field(parser, &T, &S); }
subscript(A) ::= .                                          { A = (struct sk_token){0}; }
subscript(A) ::= SUBSCRIPT ARGUMENT(T) SUBSCRIPT_END(E).    { A = T; A.end = E.end; }
constant(A) ::= CONSTANT(T).                                { A = sk_parser_text(parser, SK_OPERAND_CONSTANT, &T); }

transformer(A) ::= TRANSFORMER(T) inputs(N) CLOSE(E) subscript(S). { A = sk_parser_transformer(parser, &T, N, &E, &S); }
inputs(A) ::= input(B).                                     { A = sk_parser_push(parser, B, 0); }
inputs(A) ::= inputs(N) COMMA input(B).                     { A = sk_parser_push(parser, B, N); }
input(A) ::= member(B).                                     { A = B; }
input(A) ::= LIST_OPEN(T) CLOSE(E).                         { A = sk_parser_list(parser, &T, 0, &E); }
input(A) ::= LIST_OPEN(T) members(N) CLOSE(E).              { A = sk_parser_list(parser, &T, N, &E); }
members(A) ::= member(B).                                   { A = sk_parser_push(parser, B, 0); }
members(A) ::= members(N) COMMA member(B).                  { A = sk_parser_push(parser, B, N); }
member(A) ::= constant(B).                                  { A = B; }
member(A) ::= transformer(B).                               { A = B; }
member(A) ::= field(B).                                     { A = B; }

%code {
/*
 * Feeds the grammar until the end, an error, or its refusal of a token that
 * the lexer took for good: after `or(...)` only `or` may follow, a gap in the
 * reference's grammar that no state of the lexer shows.
 */
enum sk_parse_end sk_parser_run(struct sk_parser *parser, bool alone)
{
	struct sk_token token = {0};
	enum sk_parse_end end = SK_PARSE_END_COMPLETE;
	yyParser machine;
	int number;

	parser->rejected = false;
	sk_condition_grammar_Init(&machine, parser);
	if (alone)
		sk_condition_grammar_(&machine, SK_TOKEN_ALONE, token);
	do {
		number = sk_lexer_next(parser->lexer, &token);
		if (number == SK_TOKEN_INVALID)
			break;
		sk_condition_grammar_(&machine, number, token);
	} while (number != 0 && !parser->rejected && !parser->lexer->fatal);
	if (number == SK_TOKEN_INVALID || parser->lexer->fatal)
		end = SK_PARSE_END_INVALID;
	else if (parser->rejected)
		end = SK_PARSE_END_REJECTED;
	sk_condition_grammar_Finalize(&machine);
	return end;
}
}
