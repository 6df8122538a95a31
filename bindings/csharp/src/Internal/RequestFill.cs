using System;
using Inlay.Raw;

namespace Inlay
{
    internal static unsafe class RequestFill
    {
        internal static void Fill(Request from, inlay_request* to, Arena arena)
        {
            to->struct_size = (uint)sizeof(inlay_request);
            to->flags = (ulong)from.Flags;
            to->max_tokens = from.MaxTokens;
            Prompt(from, to, arena);
            Sampling(from, to);
            Lists(from, to, arena);
            to->deadline_ns = Nanoseconds.From(from.Deadline);
            to->priority = from.Priority;
            to->choices = from.Choices;
            to->best_of = from.BestOf;
            to->beam_width = from.BeamWidth;
            to->length_penalty = from.LengthPenalty;
            to->min_tokens = from.MinTokens;
            to->tenant = arena.Text(from.Tenant, out to->tenant_size);
            to->cache_domain = arena.Text(from.CacheDomain,
                                          out to->cache_domain_size);
            to->session = from.Session == null
                ? IntPtr.Zero : arena.Hold(from.Session.Handle);
        }

        private static void Prompt(Request from, inlay_request* to,
                                   Arena arena)
        {
            if (from.PromptUtf8 != null && from.Prompt != null)
            {
                throw new ArgumentException(
                    "Prompt and PromptUtf8 are both set");
            }
            if (from.PromptUtf8 != null)
            {
                to->prompt = (byte*)arena.Pin(from.PromptUtf8);
                to->prompt_size = (UIntPtr)(uint)from.PromptUtf8.Length;
            }
            else
            {
                to->prompt = arena.Text(from.Prompt, out to->prompt_size);
            }
            if (from.Parts == null)
            {
                return;
            }
            var size = sizeof(inlay_prompt_part);
            var parts = (inlay_prompt_part*)arena.Block(
                from.Parts.Count * size);
            for (var i = 0; i < from.Parts.Count; i++)
            {
                var part = from.Parts[i];
                parts[i] = default(inlay_prompt_part);
                parts[i].struct_size = (uint)size;
                parts[i].flags = (ulong)part.Flags;
                if (part.Tokens != null)
                {
                    parts[i].kind = (int)PartKind.Tokens;
                    parts[i].tokens = (int*)arena.Pin(part.Tokens);
                    parts[i].token_count = (UIntPtr)(uint)part.Tokens.Length;
                }
                else
                {
                    parts[i].text = arena.Text(part.Text,
                                               out parts[i].text_size);
                }
            }
            to->parts = parts;
            to->part_size = (UIntPtr)(uint)size;
            to->part_count = (UIntPtr)(uint)from.Parts.Count;
        }

        private static void Sampling(Request from, inlay_request* to)
        {
            to->temperature = from.Temperature;
            to->top_k = from.TopK;
            to->top_p = from.TopP;
            to->min_p = from.MinP;
            to->typical_p = from.TypicalP;
            to->repetition_penalty = from.RepetitionPenalty;
            to->presence_penalty = from.PresencePenalty;
            to->frequency_penalty = from.FrequencyPenalty;
            to->penalty_last_n = from.PenaltyLastN;
            to->top_logprobs = from.TopLogprobs;
            to->seed = from.Seed;
            to->mirostat = from.Mirostat;
            to->mirostat_tau = from.MirostatTau;
            to->mirostat_eta = from.MirostatEta;
            to->xtc_probability = from.XtcProbability;
            to->xtc_threshold = from.XtcThreshold;
            to->dry_multiplier = from.DryMultiplier;
            to->dry_base = from.DryBase;
            to->dry_allowed_length = from.DryAllowedLength;
            to->dry_last_n = from.DryLastN;
            to->no_repeat_ngram = from.NoRepeatNgram;
        }

        private static void Lists(Request from, inlay_request* to, Arena arena)
        {
            if (from.Bias != null)
            {
                var count = from.Bias.Count;
                to->bias_tokens = (int*)arena.Block(count * sizeof(int));
                to->bias_values = (float*)arena.Block(count * sizeof(float));
                to->bias_count = (UIntPtr)(uint)count;
                for (var i = 0; i < count; i++)
                {
                    to->bias_tokens[i] = from.Bias[i].Key;
                    to->bias_values[i] = from.Bias[i].Value;
                }
            }
            to->stop_strings = arena.Texts(from.StopStrings,
                                           out to->stop_string_sizes,
                                           out to->stop_string_count);
            if (from.StopTokens != null)
            {
                to->stop_tokens = (int*)arena.Pin(from.StopTokens);
                to->stop_token_count = (UIntPtr)(uint)from.StopTokens.Length;
            }
            to->dry_breakers = arena.Texts(from.DryBreakers,
                                           out to->dry_breaker_sizes,
                                           out to->dry_breaker_count);
        }
    }
}
