// Asks a model one question and streams its answer: hello MODEL [PROMPT]
using System;
using System.Threading;
using Inlay;

internal static class Hello
{
    private static int Main(string[] args)
    {
        if (args.Length < 1)
        {
            Console.Error.WriteLine("usage: hello MODEL [PROMPT]");
            return 2;
        }
        // Ctrl-C ends the answer and not the program.
        var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (sender, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        var request = new Request(
            args.Length > 1 ? args[1] : "What is the capital of France?")
        {
            Flags = RequestFlags.Chat, // one message of a user
            MaxTokens = 200
        };
        try
        {
            using (var context = new Context())
            using (var model = Model.Load(context, args[0]))
            using (var engine = new Engine(model))
            {
                foreach (var piece in engine.Stream(request, stop.Token))
                {
                    Console.Write(piece);
                }
            }
        }
        catch (OperationCanceledException)
        {
            Console.Write(" ...");
        }
        catch (InlayException failure)
        {
            Console.Error.WriteLine("{0}: {1}", failure.Status,
                                    failure.Message);
            return 1;
        }
        Console.WriteLine();
        return 0;
    }
}
